import { createLiquid } from '../../../lambda/mapping/liquid';
import { compileMapping, type Mapping } from '../../../lambda/mapping/mapping';
import { noMapping, type MappingRule, type MappingSettings } from '../../../lambda/mapping/rule-format';
import { mapEvent, type MappedEvent } from '../../support/mapped-event';
import { mappingContext, sourceOf, stockSource } from '../../support/source-event';

const { parse } = createLiquid();

const mappingOf = (settings: Partial<MappingSettings>): Mapping =>
  compileMapping({ ...noMapping, ...settings }, parse);

const rule = (name: string, when: MappingRule['when']): MappingRule => ({ name, when, send: {} });

describe('the rule of an event', () => {
  const { ruleFor } = mappingOf({
    rules: [
      rule('both', { event: 'Purchase', campaign: 5 }),
      rule('event', { event: 'Purchase' }),
      rule('again', { event: 'PURCHASE' }),
      rule('campaign', { campaign: '5' }),
    ],
  });

  it.each([
    ['purchase', '5', 'both'],
    ['purchase', '6', 'event'],
    ['Pur Chase', '', 'event'],
    ['viewed', '5', 'campaign'],
    ['', '5', 'campaign'],
    ['viewed', '6', undefined],
    ['', '', undefined],
  ])('for %j of campaign %j is the first that matches: %j', (event, campaign, expected) => {
    expect(ruleFor(event, campaign)?.name).toBe(expected);
  });

  it('does not exist without rules, and then nothing is parsed', () => {
    const never = jest.fn(parse);

    expect(compileMapping(noMapping, never).ruleFor('Purchase', '5')).toBeUndefined();
    expect(never).not.toHaveBeenCalled();
  });

  it.each([
    [stockSource({ identity: 'a' }, { key_values: { event: 'pur chase' } })],
    [stockSource({ identity: 'a', key_values: { Event: 'PURCHASE' } })],
    [sourceOf({ identity: 'a', event: 'Purchase' })],
    [stockSource({ identity: 'a' }, {}, 'purchase')],
  ])("is found by the event's name, wherever it comes from", (source) => {
    const mapping = mappingOf({ rules: [rule('p', { event: 'Purchase' })] });

    expect(mapEvent(source, mappingContext({ mapping }))).toMatchObject({ rule: 'p' });
  });

  it('that does not match leaves the event to the default mapping', () => {
    const source = stockSource({ identity: 'a', event_properties: { item: 'hat' } }, {}, 'Viewed');
    const mapping = mappingOf({ rules: [rule('p', { event: 'Purchase' })] });

    expect(mapEvent(source, mappingContext({ mapping }))).toEqual(mapEvent(source, mappingContext()));
    expect(mapEvent(source, mappingContext({ mapping }))).toMatchObject({ rule: undefined });
  });
});

describe('the campaigns table', () => {
  const mapping = mappingOf({
    campaigns: { '5': 'Cart Reminder', '6': '' },
    rules: [{ ...rule('cart', { event: 'cartreminder' }), send: { properties: { by: 'rule' } } }],
  });
  const map = (request: object, path?: string, with_: Mapping = mapping): unknown =>
    mapEvent(stockSource({ identity: 'a' }, request, path), mappingContext({ mapping: with_ }));

  it.each([5, '5', ' 5 '])('names the event of campaign %j, so that a rule can match it', (targetId) => {
    expect(map({ targetId })).toMatchObject({ event: { event: 'Cart Reminder' }, rule: 'cart' });
  });

  it('is the last source of a name', () => {
    expect(map({ targetId: 5 }, 'Path')).toMatchObject({ event: { event: 'Path' }, rule: undefined });
    expect(map({ targetId: 5, key_values: { event: 'Key' } })).toMatchObject({ event: { event: 'Key' } });
    expect(map({ targetId: 5, key_values: { event: ' ' } }, ' ')).toMatchObject({ rule: 'cart' });
  });

  it.each([6, 7, undefined, null, true, {}, '__proto__', 'constructor', 'toString'])(
    'knows no name for %j',
    (targetId) => {
      expect(map({ targetId })).toMatchObject({ reason: 'missing_event_name' });
    },
  );

  it('names the event of a custom body too', () => {
    const source = sourceOf({ targetId: 5, identity: 'a', properties: {} });

    expect(mapEvent(source, mappingContext({ mapping }))).toMatchObject({ rule: 'cart' });
  });
});

describe('a denied identity', () => {
  it.each([
    ['staging', 'staging', true],
    ['staging', ' STAGING ', false],
    ['Staging', 'sTAGING', true],
    ['staging', 'staging-1', false],
    ['staging', 'pre-staging', false],
    ['*@shop.test', 'ana@shop.test', true],
    ['*@shop.test', 'ANA@SHOP.TEST', true],
    ['*@shop.test', 'ana@shop.tests', false],
    ['*@shop.test', 'ana@shopxtest', false],
    ['qa-*', 'qa-', true],
    ['qa-*', 'qa-1\n2', true],
    ['qa-*', 'xqa-1', false],
    ['qa*bot*1', 'qa-robot-11', true],
    ['qa*bot*1', 'qa-robot-12', false],
    [' qa ', 'qa', true],
    ['*', 'anybody', true],
    ['a+b', 'a+b', true],
    ['a+b', 'aab', false],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
    ['[ab]', '[AB]', true],
    ['(a|b)', 'a', false],
    ['a|b', 'a', false],
    ['^a$', 'a', false],
    ['^a$', '^a$', true],
    ['a?', '', false],
    ['a{2}', 'aa', false],
    ['\\d', '7', false],
    ['\\d', '\\d', true],
    ['a/b-c', 'A/B-C', true],
    ['', 'a', false],
  ])('%j matches %j: %j', (pattern, identity, expected) => {
    expect(mappingOf({ deniedIdentities: ['other', pattern] }).isDenied(identity)).toBe(expected);
  });

  it('does not exist by default', () => {
    expect(mappingOf({}).isDenied('staging')).toBe(false);
  });

  it('is skipped for the next field', () => {
    const mapping = mappingOf({ deniedIdentities: ['qa-*', '*@agency.test'] });
    const map = (profile: object): MappedEvent =>
      mapEvent(stockSource(profile, {}, 'x'), mappingContext({ mapping })) as MappedEvent;

    expect(map({ identity: ' QA-1 ', email: 'ana@shop.test' }).event.identity).toBe('ana@shop.test');
    expect(map({ identity: 'cust-1', email: 'x@agency.test' }).event.identity).toBe('cust-1');
    expect(map({ identity: 'qa-1', email: 'x@agency.test' })).toMatchObject({
      reason: 'placeholder_identity',
    });
  });
});
