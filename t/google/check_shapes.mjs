/*
 * Whether requests to Google Calendar and their answers have the shapes of npm's @googleapis/calendar: reads samples (JSON:
 * list of {request, answer}, as google.mjs gives them), and tells a list of what the compiler of TypeScript finds.
 */
import fs from 'node:fs';
import path from 'node:path';

const tools = path.join(process.env.OPENCALENDLY_TOOLS, 'node_modules');
const { default: ts } = await import(path.join(tools, 'typescript/lib/typescript.js'));

const ERROR = '{ error: { code: number, message: string, errors: (calendar_v3.Schema$Error & { message: string })[] } }';
const EVENT = ['Event', 'Event'];
const KINDS = [
  [/^GET \/users\/me\/calendarList$/, 'Calendarlist$List', [undefined, 'CalendarList']],
  [/^GET \/calendars\/[^/]+\/events$/, 'Events$List', [undefined, 'Events']],
  [/^POST \/calendars\/[^/]+\/events$/, 'Events$Insert', EVENT],
  [/^POST \/calendars\/[^/]+\/events\/watch$/, 'Events$Watch', ['Channel', 'Channel']],
  [/^GET \/calendars\/[^/]+\/events\/[^/]+$/, 'Events$Get', [undefined, 'Event']],
  [/^PATCH \/calendars\/[^/]+\/events\/[^/]+$/, 'Events$Patch', EVENT],
  [/^DELETE \/calendars\/[^/]+\/events\/[^/]+$/, 'Events$Delete', []],
  [/^POST \/freeBusy$/, 'Freebusy$Query', ['FreeBusyRequest', 'FreeBusyResponse']],
  [/^POST \/channels\/stop$/, 'Channels$Stop', ['Channel', undefined]],
];

/* A parameter as the library takes it. */
const typed = (text) => (/^(true|false|\d+)$/.test(text) ? JSON.parse(text) : text);

const schema = (name) => `calendar_v3.Schema$${name}`;

/* Pairs of a type and a value for what is in a sample. */
function valuesOf({ request, answer }) {
  const line = `${request.method} ${request.path.replace('/calendar/v3', '')}`;
  const [, parameters, [asked, told]] = KINDS.find(([pattern]) => pattern.test(line)) ?? [];
  const query = Object.fromEntries(Object.entries(request.query).map(([name, value]) => [name, typed(value)]));

  if (!parameters) return [[`"a path that we know, not ${line}"`, 0]];
  return [[`calendar_v3.Params$Resource$${parameters}`, query], ...asked ? [[schema(asked), request.json]] : [],
    ...told && answer.status === 200 ? [[schema(told), answer.body]] : [],
    ...answer.status >= 400 ? [[ERROR, answer.body]] : []];
}

/* The same with one of each shape: items of lists that look alike are one, and texts are short. */
function shape(value) {
  if (Array.isArray(value)) return [...new Map(value.map(shape).map((one) => [JSON.stringify(one), one])).values()];
  if (typeof value === 'string') return '';
  if (value === null || typeof value !== 'object') return typeof value === 'number' ? 0 : value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shape(one)]));
}

const samples = JSON.parse(fs.readFileSync(0)).filter(({ request }) => request.host === 'www.googleapis.com');
const lines = new Set(samples.flatMap(valuesOf).map(([type, value]) => `check<${type}>(${JSON.stringify(shape(value))});`));
const text = ['import { calendar_v3 } from "@googleapis/calendar/build/v3";', 'declare function check<T>(value: T): void;', ...lines]
  .join('\n');
const name = path.join(tools, '..', 'samples.mts');
const options = { noEmit: true, strict: true, skipLibCheck: true, types: [], lib: ['lib.es5.d.ts'],
  module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
const host = ts.createCompilerHost(options);
const { getSourceFile, fileExists } = host;

host.getSourceFile = (file, ...rest) => (file === name ? ts.createSourceFile(file, text, ...rest) : getSourceFile(file, ...rest));
/* What the library is made of has no part in shapes. */
host.resolveModuleNameLiterals = (names) => names.map(({ text: module }) => ({ resolvedModule: module.startsWith('@googleapis/')
  ? { resolvedFileName: path.join(tools, `${module}.d.ts`), extension: '.d.ts', isExternalLibraryImport: true } : undefined }));
host.fileExists = (file) => file === name || fileExists(file);
const found = ts.getPreEmitDiagnostics(ts.createProgram([name], options, host)).map(({ messageText, start = 0 }) =>
  `${ts.flattenDiagnosticMessageText(messageText, ' ')} (near ${text.slice(Math.max(start - 60, 0), start + 60)})`);

process.stdout.write(JSON.stringify({ checked: lines.size, found }));
