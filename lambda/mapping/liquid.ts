import { evalToken, ForTag, Liquid, Output, TokenKind, toValue, type Context, type Emitter } from 'liquidjs';
import { isJsonObject } from '../json';
import { parsePath } from './path-template';
import { judgedParts, Literal, markLiterals, Rendering, UnusableValue } from './rendering';
import { parseDecimal } from './strings';
import { AbortEvent, memberOf } from './template-scope';
import { parseDate } from './timestamp';

/** A parsed template. */
export interface LiquidTemplate {
  /**
   * The value of the template. A single output keeps its JSON type; anything else is a string. Undefined if there is no
   * value, or if tags and text render blank. If a strict template meets an unusable value, the result is that value.
   *
   * @param onMissing called for each output without a value, as the template spells it
   * @throws {AbortEvent} on `{% abort %}`, and liquidjs's errors if the template fails or exceeds a limit
   */
  render(scope: object, onMissing?: (output: string) => void): unknown;
}

/** Whether a value can tell users or events apart. */
export type IsUsable = (value: unknown) => boolean;

/**
 * Parses a Liquid template.
 *
 * @param isUsable makes the template strict: each output must pass it, and so must each filter input that is not a
 *   literal. Otherwise the text around `N/A` would merge all users who have no number.
 * @throws liquidjs's `ParseError` or `TokenizationError` for a broken template
 */
export type ParseTemplate = (template: string, isUsable?: IsUsable) => LiquidTemplate;

/** Filters for numbers. liquidjs reads anything else as 0, a value that was never sent. */
const mathFilters =
  /^(?:abs|at_least|at_most|ceil|divided_by|floor|minus|modulo|plus|round|times|to_integer)$/;

/** Liquid in CleverTap's dialect (docs.clevertap.com, "Liquid Tags"). */
export function createLiquid(): { readonly parse: ParseTemplate } {
  const engines = { plain: createEngine(false), strict: createEngine(true) };
  engines.strict.registerFilter('literal', (value) => new Literal(value));
  return {
    parse: (template, isUsable) => {
      const compiled = compile(isUsable === undefined ? engines.plain : engines.strict, template, isUsable);
      const read = parsePath(template);
      if (read === undefined) return compiled;
      return {
        // The caller judges the value of a single output.
        render: (scope, onMissing) => {
          const value = read(scope);
          if (isMissing(value, false)) onMissing?.(template);
          return isUsable !== undefined && isMissing(value, true) ? undefined : value;
        },
      };
    },
  };
}

function compile(engine: Liquid, template: string, isUsable: IsUsable | undefined): LiquidTemplate {
  const templates = engine.parse(isUsable === undefined ? template : markLiterals(template));
  // A single output passes on a blank that was sent. With tags and text, a blank means there is nothing to say.
  const isOutput = templates.length === 1 && templates[0] instanceof Output;
  // Tags may skip and repeat outputs, so counting does not identify an output.
  const hasTags = templates.some(({ token }) => token.kind === TokenKind.Tag);
  const outputs = hasTags ? [] : templates.filter((part) => part instanceof Output);
  return {
    render: (scope, onMissing) => {
      let [rendered, isSent] = [0, isUsable === undefined];
      const globals = new Rendering((value, isOutput) => {
        const isLiteral = value instanceof Literal;
        const hasValue = isUsable === undefined ? !isMissing(value, false) : isLiteral || isUsable(value);
        if (!hasValue)
          onMissing?.(outputs[rendered]?.token.getText().replaceAll(' | literal', '') ?? template);
        if (!hasValue && isUsable !== undefined) throw new UnusableValue(value);
        if (isOutput) rendered += 1;
        isSent ||= isOutput && !isLiteral;
      });
      try {
        const value: unknown = engine.renderSync(templates, scope, { globals });
        // A strict template that renders without any value that was sent would be the same for every user.
        return (value === '' && !isOutput) || !isSent ? undefined : value;
      } catch (error) {
        const unusable = causeOf(error, UnusableValue);
        if (unusable !== undefined) return isMissing(unusable.value, true) ? undefined : unusable.value;
        if (causeOf(error, AbortEvent) !== undefined) throw new AbortEvent('abort');
        throw error;
      }
    },
  };
}

/** @param isStrict whether it is for strict templates */
export function createEngine(isStrict: boolean): Liquid {
  const engine = new Liquid({
    ownPropertyOnly: true,
    strictFilters: true,
    templates: {},
    relativeReference: false,
    dynamicPartials: false,
    // Without a locale liquidjs asks Intl for one, which adds 12 ms to a cold start.
    locale: 'en',
    timezoneOffset: 0,
    keepOutputType: true,
    // The limits are off by default. They fail a template that data makes slow or large, and only its own event.
    parseLimit: 1e4,
    // Wall-clock time. With 256 MB, a function gets 0.145 vCPU, so this is 72 ms of work.
    renderLimit: 500,
    memoryLimit: 1e6,
    outputEscape: takeOutput,
  });
  // These tags read files or other templates.
  for (const tag of ['include', 'render', 'layout', 'block']) Reflect.deleteProperty(engine.tags, tag);
  engine.registerTag('abort', {
    render: () => {
      throw new AbortEvent('abort');
    },
  });
  registerDates(engine);
  engine.registerFilter('url_escape', (value) => encodeURI(String(value).toWellFormed()));
  engine.registerFilter('url_param_escape', (value) => encodeURIComponent(String(value).toWellFormed()));
  // The same event must always produce the same bytes. `sample` is random, and `date_to_…` reads the clock for `now`.
  // `…_exp` parses a string while it renders, and ignores what it does not understand.
  const refused = Object.keys(engine.filters).filter((name) => /^sample$|^date_to_|_exp$/.test(name));
  for (const name of refused) engine.unregisterFilter(name);
  if (isStrict) {
    // `raw` bypasses `outputEscape`.
    engine.unregisterFilter('raw');
    engine.registerTag('for', StrictForTag);
  }
  keepMissing(engine, isStrict);
  return engine;
}

/**
 * A template's clock is the arrival of the event, so that a redrive renders the same. `date_tz` is CleverTap's own
 * filter for a format and an IANA time zone, which liquidjs's `date` accepts as well.
 */
function registerDates(engine: Liquid): void {
  const date = engine.filters['date'];
  if (typeof date !== 'function') throw new Error('liquidjs has no filter "date"');
  for (const name of ['date', 'date_tz']) {
    engine.registerFilter(name, function (value: unknown, ...args: unknown[]): unknown {
      const isNow = value === 'now' || value === 'today';
      const instant: unknown = isNow ? this.context.getSync(['Received', 'at']) : toInstant(value);
      return instant === undefined ? value : Reflect.apply(date, this, [instant, ...args]);
    });
  }
}

/** Year first, or a month name followed by the year; optionally with a day and a time. */
const spelledDate =
  /^(\d{4}([-/])\d\d?(?:\2(\d\d?))?|(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,? +)?(?:(\d\d?)[ -])?(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)[ -](?:(\d\d?),? +)?\d{4})(?:[T ,]+\d\d?:[\d:.]+ ?(?:[ap]m)? ?(?:z|utc|gmt|[ecmp][sd]t)? ?(?:[+-]\d\d:?\d\d)?(?: \(.*\))?)?$/i;

/**
 * What liquidjs's `date` can read without guessing, milliseconds as ISO 8601; undefined for any other value. It would
 * read 05/11/2026 as 11 May, 30 February as 2 March, `Marathon 2026` as a day in March and true as 1970.
 */
function toInstant(value: unknown): unknown {
  const instant = parseDate(value);
  if (instant !== undefined) return instant;
  if (typeof value === 'number') return Math.abs(value) < 1e11 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  if (/^\d+$/.test(value)) return Number(value) < 1e11 ? value : undefined;
  const [, date, , ...days] = spelledDate.exec(value) ?? [];
  const day = days.join('');
  const isDay = day === '' || new Date(`${date} UTC`).getUTCDate() === Number(day);
  return date !== undefined && isDay ? inUtc(value) : undefined;
}

/** A date without a time zone means UTC, in a browser anywhere as well. ISO 8601 without a time is UTC already. */
function inUtc(date: string): string {
  const hasZone = /\d:[\d:.]+ ?(?:[ap]m)? ?(?:z|utc|gmt|[ecmp][sd]t|[+-]\d\d)/i.test(date);
  const local = new Date(date);
  if (hasZone || /^\d{4}-\d\d(?:-\d\d)?$/.test(date) || Number.isNaN(local.getTime())) return date;
  return new Date(local.getTime() - local.getTimezoneOffset() * 60_000).toISOString();
}

/** Keeps a missing value missing. liquidjs's filters would turn it into "", 0 or a bare prefix that was never sent. */
function keepMissing(engine: Liquid, isStrict: boolean): void {
  // The pieces that "split" makes of a judged string: a group of zeros among them is not a placeholder.
  const pieces = new WeakSet<object>();
  for (const [name, filter] of Object.entries(engine.filters)) {
    if (typeof filter !== 'function' || name === 'default') continue;
    engine.registerFilter(name, function (...inputs: unknown[]) {
      const [value, ...args] = inputs.map((input): unknown => toValue(input));
      if (isMissing(value, isStrict && !(inputs[0] instanceof Literal))) return undefined;
      let sent = inputs;
      if (isStrict) {
        if (args.some((arg) => isMissing(arg, false))) return undefined;
        const isLiteral = (i: number): boolean => 'content' in (this.token.args[i - 1] ?? {});
        sent = inputs.filter((input, i) => !(input instanceof Literal) && !isLiteral(i));
        const parts = sent.flatMap((input) => judgedParts(name, input, pieces));
        for (const part of parts) Rendering.judge(this.context, part);
      }
      // Lists and strings have these three. On an object, they are members of that name.
      if (/^(?:size|first|last)$/.test(name) && typeof value !== 'string' && !Array.isArray(value)) {
        return isJsonObject(value) ? value[name] : undefined;
      }
      if (!operandsOf(name, value, args).every(isNumeric)) return undefined;
      const result: unknown = Reflect.apply(filter, this, [value, ...args]);
      if (name === 'split' && Array.isArray(result)) pieces.add(result);
      if (sent.length === 0 && typeof result === 'string') return new Literal(result);
      return typeof result === 'number' && !Number.isFinite(result) ? undefined : result;
    });
  }
}

/** What a filter reads as numbers: its input and first argument or, for `sum`, a list or one member of its elements. */
function operandsOf(name: string, value: unknown, args: readonly unknown[]): readonly unknown[] {
  if (name !== 'sum') return mathFilters.test(name) ? [value, ...args.slice(0, 1)] : [];
  const path = args.length === 0 ? [] : String(args[0]).split('.');
  const elements = [value].flat();
  return elements.length === 0 ? [undefined] : elements.map((element) => path.reduce(memberOf, element));
}

/** Runs on every output. liquidjs types it as string, but with `keepOutputType` any value passes through. */
function takeOutput(this: { readonly context: Context }, value: string): string {
  Rendering.judge(this.context, value, true);
  return value;
}

/** A loop over nothing has no value: the text around it would be the same for every user. */
class StrictForTag extends ForTag {
  override *render(context: Context, emitter: Emitter): ReturnType<ForTag['render']> {
    const list: unknown = yield evalToken(this.collection, context);
    const isList = typeof list === 'string' || typeof list === 'object';
    const isEmpty = !isList || [list].flat().every((element) => isMissing(element, true));
    if (isEmpty && this.elseTemplates.length === 0) Rendering.judge(context, undefined);
    yield* super.render(context, emitter);
  }
}

const isMissing = (value: unknown, isBlankMissing: boolean): boolean =>
  value === undefined || value === null || (isBlankMissing && value === '');

const isNumeric = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'string' && parseDecimal(value) !== undefined);

/** An error of this class, unwrapped if necessary: liquidjs wraps what tags and filters throw. */
function causeOf<T extends Error>(error: unknown, type: new (...args: never[]) => T): T | undefined {
  if (error instanceof type) return error;
  return isJsonObject(error) ? causeOf(error['originalError'], type) : undefined;
}
