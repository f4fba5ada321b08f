/* Prints what a reader of mails makes of each of the files that are named. */
import fs from 'node:fs';
import { parse } from './parse.mjs';

process.stdout.write(JSON.stringify(await Promise.all(process.argv.slice(2).map((file) => parse(fs.readFileSync(file))))));
