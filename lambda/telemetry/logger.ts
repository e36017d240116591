export type LogLevel = 'info' | 'warn' | 'error';

/** What a log line may hold: numbers, flags, our own strings and origins of events; nothing else from a caller. */
export type LogFields = Readonly<
  Record<string, string | number | boolean | readonly (string | object | undefined)[] | undefined>
>;

export type Logger = (level: LogLevel, message: string, fields?: LogFields) => void;

/** Long enough for a reason. A string that grew by mistake must not fill the log. */
const maxStringLength = 300;

/**
 * Writes one JSON object per line. JSON escapes line breaks, so no value can forge a second line.
 *
 * @param write receives a line without its line break
 */
export const createLogger =
  (write: (line: string) => void): Logger =>
  (level, message, fields = {}) => {
    write(
      JSON.stringify({ level, message, ...fields }, (_key, value: unknown) =>
        typeof value === 'string' ? value.slice(0, maxStringLength) : value,
      ),
    );
  };
