import fc from 'fast-check';
import { createLogger, type LogFields } from '../../../lambda/telemetry/logger';

const logged = (message: string, fields?: LogFields): string[] => {
  const lines: string[] = [];
  createLogger((line) => lines.push(line))('warn', message, fields);
  return lines;
};

describe('createLogger', () => {
  it('writes level, message and fields as one JSON object', () => {
    expect(logged('rejected', { reason: 'invalid_json', events: 2, final: true })).toEqual([
      '{"level":"warn","message":"rejected","reason":"invalid_json","events":2,"final":true}',
    ]);
  });

  it('omits undefined fields', () => {
    expect(logged('batch', { requestId: undefined, events: 0 })).toEqual([
      '{"level":"warn","message":"batch","events":0}',
    ]);
    expect(logged('batch')).toEqual(['{"level":"warn","message":"batch"}']);
  });

  it('cannot be made to write a second line (F69)', () => {
    const forged = 'x\n{"level":"info","message":"all is well"}\r\n\u2028\u001b[2J"},{';

    expect(logged(forged, { reason: forged })).toHaveLength(1);
    expect(logged(forged, { reason: forged })[0]).not.toMatch(/[\n\r\u001b]/);
    expect(JSON.parse(logged(forged)[0]!)).toEqual({ level: 'warn', message: forged });
  });

  it('cuts every string to 300 characters (F69)', () => {
    const [line] = logged('m'.repeat(1000), { reason: 'r'.repeat(1000), short: 's'.repeat(300) });

    expect(JSON.parse(line!)).toEqual({
      level: 'warn',
      message: 'm'.repeat(300),
      reason: 'r'.repeat(300),
      short: 's'.repeat(300),
    });
  });

  it('writes one line of JSON for any values (F69)', () => {
    const anyText = fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    });
    const value = fc.oneof(anyText, fc.double(), fc.boolean(), fc.constant(undefined));
    fc.assert(
      fc.property(anyText, fc.dictionary(fc.string(), value), (message, fields) => {
        const lines = logged(message, fields);

        expect(lines).toHaveLength(1);
        expect(lines[0]).not.toMatch(/[\u0000-\u001f]/);
        expect(() => JSON.parse(lines[0]!) as unknown).not.toThrow();
      }),
    );
  });
});
