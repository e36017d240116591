import { Liquid, Output, type Template } from 'liquidjs';
import { isJsonObject } from '../json';
import { parsePath } from './path-template';
import { parseDecimal } from './strings';
import { AbortEvent } from './template-scope';

/** A parsed template. */
export interface LiquidTemplate {
  /**
   * The value of the template: of its own JSON type if it is a single output, otherwise a string. Undefined if it has
   * none, or if tags and text come out blank.
   *
   * @throws {AbortEvent} if it aborts, and liquidjs's errors if it fails or exceeds a limit
   */
  render(scope: object): unknown;
}

export interface ParseOptions {
  /**
   * Whether the template has no value if any of its outputs has none. For what tells users or events apart: the text
   * around an output would otherwise make `cust-` of every user without a number, and one user of them all.
   */
  readonly isStrict?: boolean;
}

/** Parses a Liquid template. @throws liquidjs's `ParseError` or `TokenizationError` for a broken one */
export type ParseTemplate = (template: string, options?: ParseOptions) => LiquidTemplate;

/** Tags that read files or other templates. */
const fileTags = ['include', 'render', 'layout', 'block'];

/** Filters for numbers: liquidjs reads any other string as 0, which nobody sent. */
const mathFilters: ReadonlySet<string> = new Set([
  ...['abs', 'at_least', 'at_most', 'ceil', 'divided_by', 'floor'],
  ...['minus', 'modulo', 'plus', 'round', 'times', 'to_integer'],
]);

/** Ends a strict template. */
class MissingOutput extends Error {
  override readonly name = 'MissingOutput';
}

/** Liquid in CleverTap's dialect (docs.clevertap.com, "Liquid Tags"). */
export function createLiquid(): { readonly parse: ParseTemplate } {
  const engines = { plain: createEngine(false), strict: createEngine(true) };
  return {
    parse: (template, { isStrict = false } = {}) => {
      const compiled = compile(isStrict ? engines.strict : engines.plain, template);
      const read = parsePath(template);
      if (read === undefined) return compiled;
      return {
        render: (scope) => {
          const value = read(scope);
          return isStrict && isMissing(value, true) ? undefined : value;
        },
      };
    },
  };
}

function compile(engine: Liquid, template: string): LiquidTemplate {
  const templates: Template[] = engine.parse(template);
  // A single output hands on a blank that was sent; with tags and text a blank means that there is nothing to say.
  const isOutput = templates.length === 1 && templates[0] instanceof Output;
  return {
    render: (scope) => {
      try {
        const value: unknown = engine.renderSync(templates, scope);
        return value === '' && !isOutput ? undefined : value;
      } catch (error) {
        if (isCausedBy(error, 'MissingOutput')) return undefined;
        if (isCausedBy(error, 'AbortEvent')) throw new AbortEvent('abort');
        throw error;
      }
    },
  };
}

function createEngine(isStrict: boolean): Liquid {
  // liquidjs types it as string, but with `keepOutputType` a value of any type passes through.
  const refuseMissing = (value: string): string => {
    if (isMissing(value, true)) throw new MissingOutput('an output has no value');
    return value;
  };
  const engine = new Liquid({
    ownPropertyOnly: true,
    strictFilters: true,
    templates: {},
    relativeReference: false,
    dynamicPartials: false,
    // Without a locale liquidjs asks Intl for one, which costs a cold start 12 ms.
    locale: 'en',
    timezoneOffset: 0,
    keepOutputType: true,
    // The limits are off by default. They end a template that data makes slow or large with an error of its event.
    parseLimit: 1e4,
    // By the clock: at 0.145 vCPU, what 256 MB get, this is 72 ms of work.
    renderLimit: 500,
    memoryLimit: 1e6,
    // The last filter of every output.
    ...(isStrict && { outputEscape: refuseMissing }),
  });
  for (const tag of fileTags) Reflect.deleteProperty(engine.tags, tag);
  engine.registerTag('abort', {
    render: () => {
      throw new AbortEvent('abort');
    },
  });
  registerDates(engine);
  // The same event must always produce the same bytes: `sample` draws at random, and the others ask the machine's
  // clock for `now`, where `date` can write all they do.
  const isUnstable = (name: string): boolean => name === 'sample' || name.startsWith('date_to_');
  for (const name of Object.keys(engine.filters).filter(isUnstable)) engine.unregisterFilter(name);
  keepMissing(engine, isStrict);
  return engine;
}

/**
 * The clock of a template is the arrival of the event: a redrive must not change what it renders. `date_tz` is
 * CleverTap's own, with a format and an IANA time zone, which liquidjs's `date` takes as well.
 */
function registerDates(engine: Liquid): void {
  const date = engine.filters['date'];
  if (typeof date !== 'function') throw new Error('liquidjs has no filter "date"');
  for (const name of ['date', 'date_tz']) {
    engine.registerFilter(name, function (value: unknown, ...args: unknown[]) {
      const isNow = value === 'now' || value === 'today';
      const instant: unknown = isNow ? this.context.getSync(['Received', 'at']) : value;
      const text: unknown = Reflect.apply(date, this, [instant, ...args]);
      return text;
    });
  }
}

/** A missing value stays missing: liquidjs's filters turn it into "", 0 or a bare prefix, which nobody sent. */
function keepMissing(engine: Liquid, isStrict: boolean): void {
  for (const [name, filter] of Object.entries(engine.filters)) {
    if (typeof filter !== 'function' || name === 'default') continue;
    const isMath = mathFilters.has(name);
    engine.registerFilter(name, function (value: unknown, ...args: unknown[]) {
      if (isMissing(value, isStrict)) return undefined;
      if (isStrict && args.some((arg) => isMissing(arg, false))) return undefined;
      if (isMath && !isNumeric(value)) return value;
      const result: unknown = Reflect.apply(filter, this, [value, ...args]);
      return result;
    });
  }
}

const isMissing = (value: unknown, isBlankMissing: boolean): boolean =>
  value === undefined || value === null || (isBlankMissing && value === '');

const isNumeric = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'string' && parseDecimal(value) !== undefined);

/** Whether an error, or one that it wraps, has this name: liquidjs wraps what tags and filters throw. */
const isCausedBy = (error: unknown, name: string): boolean =>
  isJsonObject(error) && (error['name'] === name || isCausedBy(error['originalError'], name));
