import { randomBytes, randomUUID } from 'node:crypto';
import { AwsError } from '../error';

/** The value of one version: exactly one of the two. */
export interface SecretValue {
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: Uint8Array | undefined;
}

export interface CreateSecretInput extends SecretValue {
  readonly Name: string;
  readonly Description?: string | undefined;
  /** Becomes the version's id. @default - a random UUID */
  readonly ClientRequestToken?: string | undefined;
}

export interface PutSecretValueInput extends SecretValue {
  readonly SecretId: string;
  readonly ClientRequestToken?: string | undefined;
  /** @default - AWSCURRENT */
  readonly VersionStages?: readonly string[] | undefined;
}

export interface GetSecretValueInput {
  /** A name, an ARN, or an ARN without its random suffix. */
  readonly SecretId: string;
  readonly VersionId?: string | undefined;
  /** @default - AWSCURRENT, unless `VersionId` is given */
  readonly VersionStage?: string | undefined;
}

interface SecretVersion {
  readonly id: string;
  readonly value: SecretValue;
  readonly createdAt: number;
}

interface Secret {
  readonly arn: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly createdAt: number;
  changedAt: number;
  readonly versions: Map<string, SecretVersion>;
  /** The version id that each staging label is attached to. */
  readonly stages: Map<string, string>;
}

const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';

/**
 * Secrets Manager in memory: secrets with versions and staging labels, without deletion, rotation or encryption.
 * Errors are `AwsError`s with the API's names and never contain a secret value. Dates are in seconds, as in the API.
 */
export class SecretsManagerService {
  readonly #clock: { now(): number };
  readonly #accountId: string;
  readonly #region: string;
  readonly #secrets: Secret[] = [];

  /** @param clock milliseconds */
  constructor({
    clock = Date,
    accountId = '000000000000',
    region = 'us-east-1',
  }: { readonly clock?: { now(): number }; readonly accountId?: string; readonly region?: string } = {}) {
    this.#clock = clock;
    this.#accountId = accountId;
    this.#region = region;
  }

  /** @throws ResourceExistsException, InvalidRequestException, ValidationException */
  createSecret(input: CreateSecretInput) {
    const { Name, Description, ClientRequestToken, ...value } = input;
    if (!/^[\w/+=.@!-]{1,512}$/.test(Name)) {
      throw new AwsError(
        'ValidationException',
        'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
      );
    }
    if (this.#secrets.some(({ name }) => name === Name)) {
      throw new AwsError(
        'ResourceExistsException',
        `The operation failed because the secret ${Name} already exists.`,
      );
    }
    const now = this.#clock.now();
    const secret: Secret = {
      arn: `arn:aws:secretsmanager:${this.#region}:${this.#accountId}:secret:${Name}-${randomSuffix()}`,
      name: Name,
      description: Description,
      createdAt: now,
      changedAt: now,
      versions: new Map(),
      stages: new Map(),
    };
    const version = hasValue(value)
      ? this.#addVersion(secret, value, ClientRequestToken, [CURRENT])
      : undefined;
    this.#secrets.push(secret);
    return { ARN: secret.arn, Name, ...(version && { VersionId: version.id }) };
  }

  /**
   * Adds a version. The same token with the same value changes nothing. A label moves to the new version, and the
   * version that loses AWSCURRENT gets AWSPREVIOUS.
   *
   * @throws ResourceNotFoundException, InvalidRequestException; ResourceExistsException if the token was used with
   * another value
   */
  putSecretValue({ SecretId, ClientRequestToken, VersionStages = [CURRENT], ...value }: PutSecretValueInput) {
    const secret = this.#find(SecretId);
    const version = this.#addVersion(secret, value, ClientRequestToken, VersionStages);
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: version.id,
      VersionStages: stagesOf(secret, version.id),
    };
  }

  /** @throws ResourceNotFoundException; InvalidRequestException if the stage is not attached to the version */
  getSecretValue({ SecretId, VersionId, VersionStage }: GetSecretValueInput) {
    const secret = this.#find(SecretId);
    const { id, value, createdAt } = findVersion(secret, VersionId, VersionStage);
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: id,
      ...value,
      VersionStages: stagesOf(secret, id),
      CreatedDate: createdAt / 1000,
    };
  }

  /** @throws ResourceNotFoundException */
  describeSecret({ SecretId }: { readonly SecretId: string }) {
    const secret = this.#find(SecretId);
    const staged = new Set(secret.stages.values());
    return {
      ARN: secret.arn,
      Name: secret.name,
      ...(secret.description !== undefined && { Description: secret.description }),
      CreatedDate: secret.createdAt / 1000,
      LastChangedDate: secret.changedAt / 1000,
      VersionIdsToStages: Object.fromEntries([...staged].map((id) => [id, stagesOf(secret, id)])),
    };
  }

  #find(id: string): Secret {
    const secret = this.#secrets.find(
      ({ name, arn }) => id === name || id === arn || id === arn.slice(0, arn.lastIndexOf('-')),
    );
    if (secret !== undefined) return secret;
    throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }

  #addVersion(
    secret: Secret,
    value: SecretValue,
    token: string = randomUUID(),
    stages: readonly string[],
  ): SecretVersion {
    if (!hasValue(value))
      throw new AwsError('InvalidRequestException', 'You must provide either SecretString or SecretBinary.');
    if (value.SecretString !== undefined && value.SecretBinary !== undefined) {
      throw new AwsError(
        'InvalidRequestException',
        "You can't specify both a binary secret value and a string secret value in the same secret.",
      );
    }
    const existing = secret.versions.get(token);
    if (existing !== undefined) {
      if (isSameValue(existing.value, value)) return existing;
      throw new AwsError(
        'ResourceExistsException',
        `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ` +
          `${secret.arn}.`,
      );
    }
    const version = { id: token, value, createdAt: this.#clock.now() };
    const isFirst = secret.versions.size === 0;
    secret.versions.set(version.id, version);
    for (const stage of isFirst ? new Set([CURRENT, ...stages]) : stages) attach(secret, stage, version.id);
    secret.changedAt = version.createdAt;
    return version;
  }
}

function attach(secret: Secret, stage: string, versionId: string): void {
  const former = secret.stages.get(stage);
  secret.stages.set(stage, versionId);
  if (stage === CURRENT && former !== undefined) secret.stages.set(PREVIOUS, former);
}

function findVersion(secret: Secret, versionId?: string, versionStage?: string): SecretVersion {
  const stage = versionId === undefined ? (versionStage ?? CURRENT) : undefined;
  const version = secret.versions.get(versionId ?? secret.stages.get(stage ?? '') ?? '');
  if (version === undefined) {
    throw new AwsError(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for ` +
        (stage === undefined ? `VersionId: ${String(versionId)}` : `staging label: ${stage}`),
    );
  }
  if (versionStage !== undefined && secret.stages.get(versionStage) !== version.id) {
    throw new AwsError(
      'InvalidRequestException',
      'You provided a VersionStage that is not associated to the provided VersionId.',
    );
  }
  return version;
}

function stagesOf(secret: Secret, versionId: string): readonly string[] {
  return [...secret.stages].flatMap(([stage, id]) => (id === versionId ? [stage] : []));
}

function hasValue({ SecretString, SecretBinary }: SecretValue): boolean {
  return SecretString !== undefined || SecretBinary !== undefined;
}

function isSameValue(a: SecretValue, b: SecretValue): boolean {
  return (
    a.SecretString === b.SecretString &&
    Buffer.compare(a.SecretBinary ?? Buffer.alloc(0), b.SecretBinary ?? Buffer.alloc(0)) === 0
  );
}

/** Six random characters: a secret that reuses a name gets a new ARN. */
function randomSuffix(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from(randomBytes(6), (byte) => alphabet[byte % alphabet.length]).join('');
}
