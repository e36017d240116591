import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  InvalidRequestException,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  SecretsManagerClient,
  type GetSecretValueCommandInput,
  type PutSecretValueCommandInput,
} from '@aws-sdk/client-secrets-manager';
import { startAwsEndpoint } from '../../../../local/aws/endpoint';
import type { RunningServer } from '../../../../local/http-server';
import { SecretsManagerService } from '../../../../local/aws/secrets-manager/service';
import { SqsService } from '../../../../local/aws/sqs/service';

describe('Secrets Manager over the wire', () => {
  let now = Date.parse('2026-03-04T05:06:07.089Z');
  let server: RunningServer;
  let client: SecretsManagerClient;

  beforeAll(async () => {
    const secrets = new SecretsManagerService({ clock: { now: () => now } });
    server = await startAwsEndpoint({ port: 0, sqs: new SqsService(), secrets });
    client = new SecretsManagerClient({
      endpoint: server.origin,
      region: 'us-east-1',
      credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
      maxAttempts: 1,
    });
  });

  afterAll(async () => {
    client.destroy();
    await server.close();
  });

  /** Creates a secret with one version. */
  async function create(SecretString = 'one') {
    const Name = `team/secret_${randomUUID()}`;
    const { ARN, VersionId } = await client.send(new CreateSecretCommand({ Name, SecretString }));
    return { Name, ARN: ARN!, VersionId: VersionId! };
  }

  function put(SecretId: string, SecretString: string, more: Partial<PutSecretValueCommandInput> = {}) {
    return client.send(new PutSecretValueCommand({ SecretId, SecretString, ...more }));
  }

  function get(SecretId: string, more: Partial<GetSecretValueCommandInput> = {}) {
    return client.send(new GetSecretValueCommand({ SecretId, ...more }));
  }

  async function stages(SecretId: string) {
    return (await client.send(new DescribeSecretCommand({ SecretId }))).VersionIdsToStages;
  }

  it('creates a secret that is found by name, by ARN and by ARN without its random suffix', async () => {
    const { Name, ARN, VersionId } = await create('{"appId":"11"}');

    expect(ARN).toMatch(
      new RegExp(`^arn:aws:secretsmanager:us-east-1:000000000000:secret:${Name}-[A-Za-z0-9]{6}$`),
    );
    for (const id of [Name, ARN, ARN.slice(0, -7)]) {
      expect(await get(id)).toMatchObject({
        ARN,
        Name,
        SecretString: '{"appId":"11"}',
        VersionId,
        VersionStages: ['AWSCURRENT'],
        CreatedDate: new Date(now),
      });
    }
  });

  it('keeps a binary value', async () => {
    const Name = `s-${randomUUID()}`;
    const SecretBinary = new Uint8Array([0, 255, 128]);
    await client.send(new CreateSecretCommand({ Name, SecretBinary }));
    const value = await get(Name);

    expect(value.SecretBinary).toEqual(SecretBinary);
    expect(value.SecretString).toBeUndefined();
  });

  it('moves AWSCURRENT to a new value, and AWSPREVIOUS to the value before', async () => {
    const { Name, VersionId: one } = await create('one');
    const { VersionId: two, VersionStages } = await put(Name, 'two');
    expect(VersionStages).toEqual(['AWSCURRENT']);
    expect(await stages(Name)).toEqual({ [one]: ['AWSPREVIOUS'], [two!]: ['AWSCURRENT'] });
    const { VersionId: three } = await put(Name, 'three');

    expect(await stages(Name)).toEqual({ [two!]: ['AWSPREVIOUS'], [three!]: ['AWSCURRENT'] });
    expect((await get(Name)).SecretString).toBe('three');
    expect((await get(Name, { VersionStage: 'AWSPREVIOUS' })).SecretString).toBe('two');
    expect((await get(Name, { VersionId: one })).SecretString).toBe('one');
    expect((await get(Name, { VersionId: two, VersionStage: 'AWSPREVIOUS' })).SecretString).toBe('two');
  });

  it('attaches the requested stages and then does not move AWSCURRENT', async () => {
    const { Name, VersionId: one } = await create('one');
    const { VersionId: two } = await put(Name, 'two', { VersionStages: ['AWSPENDING'] });

    expect(await stages(Name)).toEqual({ [one]: ['AWSCURRENT'], [two!]: ['AWSPENDING'] });
    expect((await get(Name)).SecretString).toBe('one');
    expect((await get(Name, { VersionStage: 'AWSPENDING' })).SecretString).toBe('two');
  });

  it('makes the first value AWSCURRENT, whatever its stages', async () => {
    const Name = `s-${randomUUID()}`;
    expect((await client.send(new CreateSecretCommand({ Name }))).VersionId).toBeUndefined();
    await expect(get(Name)).rejects.toThrow(ResourceNotFoundException);
    const { VersionStages } = await put(Name, 'one', { VersionStages: ['mine'] });

    expect(VersionStages).toEqual(['AWSCURRENT', 'mine']);
  });

  it('ignores a repeated token with the same value', async () => {
    const { Name, ARN, VersionId: one } = await create('one');
    const ClientRequestToken = randomUUID();
    const first = await put(Name, 'two', { ClientRequestToken });
    const again = await put(Name, 'two', { ClientRequestToken });

    expect(first.VersionId).toBe(ClientRequestToken);
    expect(again).toMatchObject({ VersionId: ClientRequestToken, VersionStages: ['AWSCURRENT'] });
    expect(await stages(Name)).toEqual({ [one]: ['AWSPREVIOUS'], [ClientRequestToken]: ['AWSCURRENT'] });
    const refused = put(Name, 'other', { ClientRequestToken });
    await expect(refused).rejects.toThrow(ResourceExistsException);
    await expect(refused).rejects.toThrow(
      `You can't use ClientRequestToken ${ClientRequestToken} because that value is already in use for a version of secret ${ARN}.`,
    );
  });

  it('describes a secret without its value', async () => {
    const Name = `s-${randomUUID()}`;
    const created = new Date(now);
    const Description = 'Heap app id';
    const { ARN, VersionId } = await client.send(
      new CreateSecretCommand({ Name, Description, SecretString: 'one' }),
    );
    now += 5000;
    const { VersionId: two } = await put(Name, 'two');
    const { $metadata, ...described } = await client.send(new DescribeSecretCommand({ SecretId: Name }));

    expect(described).toEqual({
      ARN,
      Name,
      Description,
      CreatedDate: created,
      LastChangedDate: new Date(now),
      VersionIdsToStages: { [VersionId!]: ['AWSPREVIOUS'], [two!]: ['AWSCURRENT'] },
    });
    expect($metadata.httpStatusCode).toBe(200);
  });

  it('does not find unknown secrets, stages and versions', async () => {
    const { Name, ARN } = await create();

    for (const id of [`${Name}x`, ARN.slice(0, -1), ARN.slice(0, -8)]) {
      await expect(get(id)).rejects.toThrow(ResourceNotFoundException);
      await expect(put(id, 'x')).rejects.toThrow(ResourceNotFoundException);
      await expect(stages(id)).rejects.toThrow("Secrets Manager can't find the specified secret.");
    }
    await expect(get(Name, { VersionStage: 'AWSPREVIOUS' })).rejects.toThrow(
      "Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS",
    );
    const VersionId = randomUUID();
    await expect(get(Name, { VersionId })).rejects.toThrow(
      `Secrets Manager can't find the specified secret value for VersionId: ${VersionId}`,
    );
  });

  it('refuses a stage that is not attached to the version', async () => {
    const { Name, VersionId } = await create();
    const refused = get(Name, { VersionId, VersionStage: 'AWSPREVIOUS' });

    await expect(refused).rejects.toThrow(InvalidRequestException);
    await expect(refused).rejects.toThrow(
      'You provided a VersionStage that is not associated to the provided VersionId.',
    );
  });

  it('refuses a name in use, a name with invalid characters, and a value of both kinds or neither', async () => {
    const { Name } = await create();
    const both = { SecretBinary: new Uint8Array([1]) };

    await expect(client.send(new CreateSecretCommand({ Name, SecretString: 'x' }))).rejects.toThrow(
      ResourceExistsException,
    );
    await expect(
      client.send(new CreateSecretCommand({ Name: 'a b', SecretString: 'x' })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(put(Name, 'x', both)).rejects.toThrow(InvalidRequestException);
    await expect(client.send(new PutSecretValueCommand({ SecretId: Name }))).rejects.toThrow(
      InvalidRequestException,
    );
    expect((await get(Name)).SecretString).toBe('one');
  });

  it('creates no secret if its value is refused', async () => {
    const Name = `s-${randomUUID()}`;
    const both = { SecretString: 'x', SecretBinary: new Uint8Array([1]) };

    await expect(client.send(new CreateSecretCommand({ Name, ...both }))).rejects.toThrow(
      InvalidRequestException,
    );
    await expect(get(Name)).rejects.toThrow(ResourceNotFoundException);
  });

  describe('the JSON protocol', () => {
    function call(target: string, body: object): Promise<Response> {
      return fetch(server.origin, {
        method: 'POST',
        headers: { 'X-Amz-Target': target, 'Content-Type': 'application/x-amz-json-1.1' },
        body: JSON.stringify(body),
      });
    }

    it('names an error in the body, with its message as Message', async () => {
      const answer = await call('secretsmanager.GetSecretValue', { SecretId: 'none' });

      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        400,
        'application/x-amz-json-1.1',
      ]);
      expect(answer.headers.get('x-amzn-query-error')).toBeNull();
      expect(await answer.json()).toEqual({
        __type: 'ResourceNotFoundException',
        Message: "Secrets Manager can't find the specified secret.",
      });
    });

    it('requires the token that an SDK generates', async () => {
      const answer = await call('secretsmanager.CreateSecret', { Name: 'raw', SecretString: 'x' });

      expect(await answer.json()).toEqual({
        __type: 'InvalidRequestException',
        Message: 'You must provide a ClientRequestToken value. We recommend a UUID-type value.',
      });
    });

    it('requires the secret', async () => {
      const answer = await call('secretsmanager.DescribeSecret', {});

      expect([answer.status, await answer.json()]).toEqual([
        400,
        { __type: 'InvalidParameterException', Message: 'You must provide a SecretId value.' },
      ]);
    });

    it('names the unknown action', async () => {
      const answer = await call('secretsmanager.RotateSecret', {});

      expect([answer.status, await answer.json()]).toEqual([
        400,
        {
          __type: 'com.amazon.coral.service#UnknownOperationException',
          Message: 'The action RotateSecret is not supported here.',
        },
      ]);
    });

    it('never repeats a value in an error', async () => {
      const { Name, VersionId } = await create('hunter2-current');
      const input = { SecretId: Name, SecretString: 'hunter2-other', ClientRequestToken: VersionId };
      const refused = await (await call('secretsmanager.PutSecretValue', input)).text();
      const broken = await fetch(server.origin, {
        method: 'POST',
        headers: { 'X-Amz-Target': 'secretsmanager.PutSecretValue' },
        body: `${JSON.stringify(input)} hunter2`,
      });

      expect(refused).toContain('ResourceExistsException');
      expect(refused).not.toContain('hunter2');
      expect(broken.status).toBe(400);
      expect(await broken.text()).not.toContain('hunter2');
    });
  });
});
