import { isJsonObject } from '../../lambda/json';

const MAX_ITEMS = 1000;
const ISO_8601 = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** Why Heap refuses this body of `POST /api/track`, in the words of its response; `undefined` if it is valid. */
export function invalidReason(body: unknown): string | undefined {
  return invalidRequest(body, 'events', invalidEvent);
}

/** The same for a body of `POST /api/add_user_properties`. */
export function invalidUsersReason(body: unknown): string | undefined {
  return invalidRequest(body, 'users', invalidUser);
}

function invalidRequest(
  body: unknown,
  list: 'events' | 'users',
  invalidItem: (item: unknown, at: string) => string | undefined,
): string | undefined {
  if (!isJsonObject(body)) return 'postBody should be object';
  const appId = body['app_id'];
  if (typeof appId !== 'string' || !/^\d+$/.test(appId))
    return 'postBody.app_id should be a string of digits';
  if (!Object.hasOwn(body, list)) return invalidItem(body, 'postBody');

  const items: unknown = body[list];
  if (!Array.isArray(items)) return `postBody.${list} should be array`;
  if (items.length > MAX_ITEMS) return `postBody.${list} should have at most ${MAX_ITEMS} items`;
  return first(items, (item, index) => invalidItem(item, `postBody.${list}[${index}]`));
}

function invalidEvent(event: unknown, at: string): string | undefined {
  if (!isJsonObject(event)) return `${at} should be object`;
  const { event: name, identity, user_id: userId, timestamp, idempotency_key: key, properties } = event;
  if (!isString(name, 1024)) return `${at}.event should be a string of 1 to 1024 characters`;
  if ((identity === undefined) === (userId === undefined))
    return `${at}.identity should be given, or user_id, and not both`;
  if (identity !== undefined && !isString(identity, 255)) return invalidIdentity(at);
  if (userId !== undefined && !isUserId(userId))
    return `${at}.user_id should be a number from 0 to 2^53 - 1 as a string`;
  if (timestamp !== undefined && !isTimestamp(timestamp))
    return `${at}.timestamp should be an ISO 8601 string`;
  if (key !== undefined && !isString(key, Infinity))
    return `${at}.idempotency_key should be a non-empty string`;
  return properties === undefined ? undefined : invalidProperties(properties, `${at}.properties`);
}

function invalidUser(user: unknown, at: string): string | undefined {
  if (!isJsonObject(user)) return `${at} should be object`;
  if (!isString(user['identity'], 255)) return invalidIdentity(at);
  return invalidProperties(user['properties'], `${at}.properties`);
}

function invalidIdentity(at: string): string {
  return `${at}.identity should be a string of 1 to 255 characters`;
}

function invalidProperties(properties: unknown, at: string): string | undefined {
  if (!isJsonObject(properties)) return `${at} should be object`;
  return first(Object.entries(properties), ([key, value]) => {
    if (key.length >= 1024) return `${at} should have keys of fewer than 1024 characters`;
    if (key.toLowerCase() === 'id') return `${at}.${key} should not be used: the name is reserved`;
    const valid = Array.isArray(value) ? value.every(isScalar) : isScalar(value);
    return valid
      ? undefined
      : `${at}.${key} should be a number, a string of fewer than 1024 characters or an array of these`;
  });
}

function first<T>(
  items: readonly T[],
  reason: (item: T, index: number) => string | undefined,
): string | undefined {
  for (const [index, item] of items.entries()) {
    const found = reason(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isString(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= maxLength;
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' ? value.length < 1024 : Number.isFinite(value);
}

function isUserId(value: unknown): boolean {
  return typeof value === 'string' && /^\d+$/.test(value) && Number.isSafeInteger(Number(value));
}

function isTimestamp(value: unknown): boolean {
  const day = typeof value === 'string' ? ISO_8601.exec(value)?.[1] : undefined;
  if (day === undefined || Number.isNaN(Date.parse(String(value)))) return false;
  // Date.parse reads 30 February as 1 March. Only a real day survives the round trip.
  return new Date(day).toISOString().startsWith(day);
}
