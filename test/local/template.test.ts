import {
  readTemplate,
  resolveOutputs,
  resolveProperties,
  resourcesOfType,
  unsupportedTypes,
  type Deployment,
} from '../../local/template';

const known = new Map<string, unknown>([
  ['Queue.Ref', 'http://127.0.0.1/000/queue'],
  ['Queue.Arn', 'arn:aws:sqs:eu-west-1:123456789012:queue'],
  ['Queue.Delay', 7],
  ['Nested.Outputs.Url', 'https://nested'],
]);

const deployment: Deployment = {
  region: 'eu-west-1',
  accountId: '123456789012',
  stackName: 'Local',
  attributes: (logicalId, attribute) => known.get(`${logicalId}.${attribute}`),
};

/** Resolves the value of a property. */
function resolved(value: unknown): unknown {
  const document = { Resources: { Thing: { Type: 'Test::Thing', Properties: { Value: value } } } };
  const [thing] = readTemplate(document);
  return resolveProperties(thing!, deployment)['Value'];
}

describe('readTemplate', () => {
  it('returns the resources, with empty properties and metadata by default', () => {
    const document = {
      Resources: {
        A: { Type: 'Test::A' },
        B: { Type: 'Test::B', Properties: { X: 1 }, Metadata: { 'aws:asset:path': 'asset.1' } },
      },
      Outputs: { Url: { Value: 'x' } },
    };
    expect(readTemplate(document)).toEqual([
      { logicalId: 'A', type: 'Test::A', properties: {}, metadata: {}, condition: undefined },
      {
        logicalId: 'B',
        type: 'Test::B',
        properties: { X: 1 },
        metadata: { 'aws:asset:path': 'asset.1' },
        condition: undefined,
      },
    ]);
  });

  it.each([null, 'text', {}, { Resources: [] }, { Resources: { A: {} } }])('refuses %j', (document) => {
    expect(() => readTemplate(document)).toThrow(/^not a CloudFormation template: /);
  });
});

describe('resourcesOfType', () => {
  const template = readTemplate({
    Resources: {
      A: { Type: 'Test::A' },
      B: { Type: 'Test::B', Condition: 'InEurope' },
      C: { Type: 'Test::A' },
    },
  });

  it('returns the resources of one type in template order', () => {
    expect(resourcesOfType(template, 'Test::A').map(({ logicalId }) => logicalId)).toEqual(['A', 'C']);
  });

  it('refuses a resource with a condition', () => {
    expect(() => resourcesOfType(template, 'Test::B')).toThrow('B (Test::B): conditions are not supported');
  });
});

it('lists the unsupported types, sorted and without duplicates', () => {
  const template = readTemplate({
    Resources: {
      A: { Type: 'Test::Z' },
      B: { Type: 'Test::B' },
      C: { Type: 'Test::Z' },
      D: { Type: 'Test::A' },
    },
  });
  expect(unsupportedTypes(template, new Set(['Test::B']))).toEqual(['Test::A', 'Test::Z']);
});

describe('resolveProperties', () => {
  it.each<[string, unknown, unknown]>([
    ['a literal', { a: [1, 'x', null, true] }, { a: [1, 'x', null, true] }],
    ['Ref', { Ref: 'Queue' }, 'http://127.0.0.1/000/queue'],
    ['Fn::GetAtt', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'arn:aws:sqs:eu-west-1:123456789012:queue'],
    ['Fn::GetAtt of a number', { 'Fn::GetAtt': ['Queue', 'Delay'] }, 7],
    ['Fn::GetAtt as a string', { 'Fn::GetAtt': 'Nested.Outputs.Url' }, 'https://nested'],
    [
      'Fn::Join',
      { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':x:', { Ref: 'AWS::Region' }, ':', 7]] },
      'arn:aws:x:eu-west-1:7',
    ],
    ['Fn::Split', { 'Fn::Split': ['/', { Ref: 'Queue' }] }, ['http:', '', '127.0.0.1', '000', 'queue']],
    ['Fn::Select', { 'Fn::Select': ['4', { 'Fn::Split': ['/', { Ref: 'Queue' }] }] }, 'queue'],
    ['Fn::Join of Fn::Split', { 'Fn::Join': ['-', { 'Fn::Split': ['.', 'a.b.c'] }] }, 'a-b-c'],
    [
      'Fn::Sub',
      { 'Fn::Sub': '${AWS::AccountId} ${Queue} ${Queue.Arn} ${!Literal}' },
      '123456789012 http://127.0.0.1/000/queue arn:aws:sqs:eu-west-1:123456789012:queue ${Literal}',
    ],
    [
      'Fn::Sub with variables',
      { 'Fn::Sub': ['${name} in ${AWS::Region}', { name: { Ref: 'AWS::StackName' } }] },
      'Local in eu-west-1',
    ],
    [
      'pseudo parameters',
      [{ Ref: 'AWS::URLSuffix' }, { Ref: 'AWS::StackId' }],
      ['amazonaws.com', 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Local/local'],
    ],
    ['AWS::NoValue', { kept: 1, gone: { Ref: 'AWS::NoValue' } }, { kept: 1 }],
    ['AWS::NoValue in a list', [1, { Ref: 'AWS::NoValue' }, 2], [1, 2]],
    ['a map that only resembles a function', { Ref: 'Queue', Other: 1 }, { Ref: 'Queue', Other: 1 }],
  ])('resolves %s', (_, value, expected) => {
    expect(resolved(value)).toEqual(expected);
  });

  it.each<[string, unknown, string]>([
    ['an unknown function', { 'Fn::Base64': 'x' }, 'Value.Fn::Base64: Fn::Base64 is not supported'],
    [
      'a property name of Object',
      { 'Fn::toString': 'x' },
      'Value.Fn::toString: Fn::toString is not supported',
    ],
    ['an unknown resource', [{ Ref: 'Missing' }], 'Value[0].Ref: Missing.Ref is unknown'],
    [
      'an unknown attribute',
      { a: { 'Fn::GetAtt': ['Queue', 'Colour'] } },
      'Value.a.Fn::GetAtt: Queue.Colour is unknown',
    ],
    [
      'an unknown resource within functions',
      { 'Fn::Join': ['', ['a', { 'Fn::Sub': '${Missing.Arn}' }]] },
      'Value.Fn::Join[1][1].Fn::Sub: Missing.Arn is unknown',
    ],
    ['an unknown pseudo parameter', { Ref: 'AWS::Moon' }, 'the pseudo parameter AWS::Moon is not supported'],
    ['a wrong argument', { 'Fn::Join': 'x' }, 'Value.Fn::Join: [delimiter, values] expected, got "x"'],
    ['an index out of range', { 'Fn::Select': [2, ['a']] }, 'there is no item 2 among 1'],
  ])('names the path of %s', (_, value, message) => {
    expect(() => resolved(value)).toThrow(message);
    expect(() => resolved(value)).toThrow(/^Thing \(Test::Thing\) at Properties\.Value/);
  });

  it('does not resolve omitted properties', () => {
    const [thing] = readTemplate({
      Resources: {
        Thing: {
          Type: 'Test::Thing',
          Properties: { A: { B: { Ref: 'Missing' }, C: 1 }, D: { Ref: 'Missing' } },
        },
      },
    });
    expect(resolveProperties(thing!, deployment, ['A.B', 'D'])).toEqual({ A: { C: 1 } });
  });
});

describe('resolveOutputs', () => {
  const outputs = (Outputs: Record<string, unknown>): Record<string, string> =>
    resolveOutputs({ Outputs }, deployment);

  it('returns their values by name', () => {
    expect(
      outputs({
        QueueUrl: { Value: { Ref: 'Queue' }, Description: 'The queue' },
        Delay: { Value: { 'Fn::GetAtt': ['Queue', 'Delay'] } },
        Joined: { Value: { 'Fn::Join': ['/', ['https://', { Ref: 'AWS::Region' }, { Ref: 'Queue' }]] } },
        Literal: { Value: 'as it is' },
      }),
    ).toEqual({
      QueueUrl: 'http://127.0.0.1/000/queue',
      Delay: '7',
      Joined: 'https:///eu-west-1/http://127.0.0.1/000/queue',
      Literal: 'as it is',
    });
  });

  it('omits an output that refers to an unknown resource', () => {
    expect(
      outputs({
        Ref: { Value: { 'Fn::Join': ['', ['x', { Ref: 'Dashboard' }]] } },
        GetAtt: { Value: { 'Fn::GetAtt': ['Dashboard', 'Url'] } },
        Text: { Value: { 'Fn::GetAtt': 'Dashboard.Url' } },
        Queue: { Value: { Ref: 'Queue' } },
      }),
    ).toEqual({ Queue: 'http://127.0.0.1/000/queue' });
  });

  it('names an unsupported output', () => {
    expect(() => outputs({ Bad: { Value: { 'Fn::Base64': 'x' } } })).toThrow(
      'Bad (output) at Properties.Value.Fn::Base64: Fn::Base64 is not supported',
    );
  });

  it('accepts a template without outputs', () => {
    expect(resolveOutputs({ Resources: {} }, deployment)).toEqual({});
  });
});
