/* Pages that are served as a whole: only their times are written in the visitor's own way. */
import { showTimes } from './times.js';
import './embed.js';

showTimes();
