import { Liquid, type Template } from 'liquidjs';
import { isJsonObject } from '../clevertap/json';
import { AbortEvent } from './template-scope';

/** A template that was parsed. */
export interface LiquidTemplate {
  /**
   * The value of the template: of its own JSON type when it is one single output, otherwise text. Undefined
   * when a single output has no value.
   *
   * @throws {AbortEvent} when it aborts, and liquidjs's errors when it fails or exceeds a limit
   */
  render(scope: object): unknown;
}

/** Tags that read files or other templates: there are none here (F38). */
const fileTags = ['include', 'render', 'layout', 'block'];

/**
 * Liquid in CleverTap's dialect (docs.clevertap.com, "Liquid Tags").
 *
 * liquidjs's limits are off by default. They are cooperative: data that makes a template slow or large ends in an
 * error of this event (F37).
 */
export function createLiquid(): { parse: (text: string) => LiquidTemplate } {
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

  return {
    parse: (text) => {
      const templates: Template[] = engine.parse(text);
      return {
        render: (scope) => {
          try {
            const value: unknown = engine.renderSync(templates, scope);
            return value;
          } catch (error) {
            throw isAbort(error) ? new AbortEvent('abort') : error;
          }
        },
      };
    },
  };
}

/** liquidjs wraps what a tag throws. */
const isAbort = (error: unknown): boolean =>
  isJsonObject(error) && (error['name'] === 'AbortEvent' || isAbort(error['originalError']));
