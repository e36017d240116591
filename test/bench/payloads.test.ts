import { variedWebhooks } from '../../bench/payloads';

/** Names and types of an object's members, in order, without the values. */
const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return Object.entries(value).map(([name, member]) => [name, shapeOf(member)]);
};

it('the varied set repeats no shape, and the same seed gives the same set', () => {
  const webhooks = variedWebhooks(1000);
  const shapes = webhooks.map((webhook) => {
    const { profiles } = JSON.parse(webhook) as { profiles: [{ event_properties: object }] };
    return JSON.stringify(shapeOf(profiles[0].event_properties));
  });
  expect(new Set(shapes).size).toBe(1000);
  expect(variedWebhooks(1000)).toEqual(webhooks);
  expect(variedWebhooks(1000, 2)).not.toEqual(webhooks);
});
