import { Context, Liquid, Output, type Template } from 'liquidjs';
import { isJsonObject, type JsonObject } from '../json';
import { compileTemplates } from './liquid-render';
import { parseDecimal } from './number';
import { compilePath } from './path-template';
import { AbortEvent } from './template-scope';

/** A template that was parsed. */
export interface LiquidTemplate {
  /**
   * The value of the template: of its own JSON type when it is one single output, otherwise text. Undefined
   * when it has none, or when tags and text come out blank.
   *
   * @throws {AbortEvent} when it aborts, and liquidjs's errors when it fails or exceeds a limit
   */
  render(scope: object): unknown;
}

/** Tags that read files or other templates: there are none here (F38). */
const fileTags = ['include', 'render', 'layout', 'block'];

export interface ParseOptions {
  /**
   * Whether the template has no value when any of its outputs has none. For what tells users or events apart: text
   * around an output would otherwise make `cust-` of every user without a number, and one user of them all.
   */
  readonly isStrict?: boolean;
}

/** Filters for numbers: of a text that is none they would make 0, which nobody sent. */
const mathFilters = new Set([
  ...['abs', 'at_least', 'at_most', 'ceil', 'divided_by', 'floor'],
  ...['minus', 'modulo', 'plus', 'round', 'times', 'to_integer'],
]);

/** How often a template may exceed its time: the clock also runs while Lambda has paused the function. */
const maxAttempts = 2;

/** Ends a strict template. */
class MissingOutput extends Error {
  override readonly name = 'MissingOutput';
}

/**
 * Liquid in CleverTap's dialect (docs.clevertap.com, "Liquid Tags").
 *
 * liquidjs's limits are off by default. They are cooperative: data that makes a template slow or large ends in an
 * error of this event (F37).
 */
export function createLiquid(): { parse: (text: string, options?: ParseOptions) => LiquidTemplate } {
  // Rendering is synchronous, so one flag serves for the template that is being rendered.
  let isStrict = false;
  // liquidjs speaks of texts here, but with `keepOutputType` a value of any type passes through.
  const refuseMissing = (value: string): string => {
    if (isStrict && isMissing(value, true)) throw new MissingOutput('an output has no value');
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
    parseLimit: 1e4,
    renderLimit: 50,
    memoryLimit: 1e6,
    // The last filter of every output, whatever its name says.
    outputEscape: refuseMissing,
  });
  for (const tag of fileTags) Reflect.deleteProperty(engine.tags, tag);
  engine.registerTag('abort', {
    render: () => {
      throw new AbortEvent('abort');
    },
  });

  const date = engine.filters['date'];
  if (typeof date !== 'function') throw new Error('liquidjs has no filter "date"');
  // The clock of a template is the arrival of the event: a redrive must not change what it renders (F39).
  // `date_tz` is CleverTap's own, with a format and an IANA time zone, which liquidjs's filter takes as well.
  for (const name of ['date', 'date_tz']) {
    engine.registerFilter(name, function (value: unknown, ...args: unknown[]) {
      const isNow = value === 'now' || value === 'today';
      const instant: unknown = isNow ? this.context.getSync(['Received', 'at']) : value;
      const text: unknown = Reflect.apply(date, this, [instant, ...args]);
      return text;
    });
  }

  // The same event must always give the same bytes: `sample` draws at random, and the others ask the machine's clock
  // for `now`, where `date` can write all they do.
  const unstable = (name: string): boolean => name === 'sample' || name.startsWith('date_to_');
  for (const name of Object.keys(engine.filters).filter(unstable)) engine.unregisterFilter(name);

  // What is missing stays missing: liquidjs's filters make "", 0 or a bare prefix of it, which nobody sent.
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

  const compile = (templates: readonly Template[]): ((scope: object) => unknown) => {
    const evaluate = compileTemplates(engine, templates);
    // A single output hands on a blank that was sent; of tags and text it means that nothing was to be said.
    const isOutput = templates.length === 1 && templates[0] instanceof Output;
    return (scope) => {
      const value = evaluate(new Context(scope, engine.options, { sync: true }, { liquid: engine }));
      return value === '' && !isOutput ? undefined : value;
    };
  };
  return {
    parse: (text, options = {}) => {
      const templates: Template[] = engine.parse(text);
      const readPath = compilePath(templates, escapeFilter);
      if (readPath !== undefined) {
        return {
          render: (scope) => {
            const value = readPath(scope);
            return options.isStrict === true && isMissing(value, true) ? undefined : value;
          },
        };
      }
      const renderOnce = compile(templates);
      return {
        render: (scope) => {
          for (let attempt = 1; ; attempt += 1) {
            isStrict = options.isStrict === true;
            try {
              return renderOnce(scope);
            } catch (error) {
              if (causeOf(error, ({ name }) => name === 'MissingOutput')) return undefined;
              if (causeOf(error, ({ name }) => name === 'AbortEvent')) throw new AbortEvent('abort');
              if (attempt === maxAttempts || !causeOf(error, isOutOfTime)) throw error;
            } finally {
              isStrict = false;
            }
          }
        },
      };
    },
  };
}

/** What liquidjs calls the filter that it adds for `outputEscape`. */
const escapeFilter = '[object Function]';

const isMissing = (value: unknown, isBlankMissing: boolean): boolean =>
  value === undefined || value === null || (isBlankMissing && value === '');

const isNumeric = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'string' && parseDecimal(value) !== undefined);

const isOutOfTime = ({ message }: JsonObject): boolean =>
  typeof message === 'string' && message.startsWith('template render limit exceeded');

/** Whether an error, or one that it wraps, is of a kind: liquidjs wraps what tags and filters throw. */
const causeOf = (error: unknown, isKind: (error: JsonObject) => boolean): boolean =>
  isJsonObject(error) && (isKind(error) || causeOf(error['originalError'], isKind));
