import fc from 'fast-check';
import {
  readMappingTemplate,
  substituteContext,
  type ExecutionContext,
  type MappingInput,
} from '../../../local/api-gateway/mapping-template';
import { anyCharacter } from '../../support/any-character';

function context(): ExecutionContext {
  return {
    accountId: '000000000000',
    apiId: 'Api',
    domainName: 'localhost',
    extendedRequestId: 'x1=',
    httpMethod: 'POST',
    identity: { sourceIp: '127.0.0.1', userAgent: 'test', apiKeyId: 'Key' },
    path: '/v1/webhook/a',
    protocol: 'HTTP/1.1',
    requestId: 'r1',
    requestTimeEpoch: 1_700_000_000_123,
    resourcePath: '/webhook/{event}',
    stage: 'v1',
    responseOverride: { header: {} },
  };
}

function render(source: string, input: Partial<MappingInput> = {}): string {
  const params = { path: {}, querystring: {}, header: {} };
  return readMappingTemplate(source).render({ body: '', params, context: context(), ...input });
}

describe('$input', () => {
  const params = {
    path: { event: 'from path', only: 'p' },
    querystring: { event: 'from query', q: 'query', Case: 'upper' },
    header: { event: 'from header', 'X-Header': 'header' },
  };
  const body = '{"a":{"b":["x",{"c d":1.5}],"nothing":null},"t":true,"s":"it\'s"}';

  it.each([
    ['$input.body', body],
    ['"${input.body}"', `"${body}"`],
    ["$input.params('event')|$input.params('q')|$input.params('X-Header')", 'from path|query|header'],
    ["$input.params().path.get('event')|$input.params().querystring.get('q')", 'from path|query'],
    ["$input.params().header.get('X-Header')|$input.params().path.only", 'header|p'],
    ["$input.path('$.a.b[0]')|$input.path('$.t')|$input.path('$.s')", "x|true|it's"],
    [`$input.path("$['a']['b'][1]['c d']")`, '1.5'],
    ["$input.path('$').a.b.get(0)", 'x'],
    ["$input.json('$.a.b')|$input.json('$.s')|$input.json('$.a.nothing')", '["x",{"c d":1.5}]|"it\'s"|""'],
    ['#foreach($name in $input.params().path.keySet())$name;#end', 'event;only;'],
    ["#set($x = $input.path('$.a'))$x.b.get(0)", 'x'],
  ])('renders %s', (source, expected) => {
    expect(render(source, { body, params })).toBe(expected);
  });

  it.each([
    "$input.params('nope')",
    "$input.params('case')",
    "$input.params().path.get('nope')",
    "$input.params().querystring.get('case')",
    "$input.params().path.get('toString')",
    '$input.params().path.nope',
    "$input.path('$.nope')",
    "$input.path('$.nope.deeper[3]')",
    "$input.path('$.a.nothing')",
    "$input.path('$.a').nothing",
    '$context.identity.apiKey',
    '$context.responseOverride.status',
    "$util.urlEncode($input.params('nope'))",
    "$util.urlEncode($input.path('$.nope'))",
  ])('renders nothing for the missing %s', (source) => {
    expect(render(source, { body, params })).toBe('');
  });

  it.each(['', 'not json', '"text"', '<xml/>'])('finds nothing by path in the body %j', (text) => {
    expect(render("$input.path('$.Error.Code')", { body: text })).toBe('');
  });

  it('reads an empty body as an empty object', () => {
    expect(render('$input.body|$util.urlEncode($input.body)')).toBe('{}|%7B%7D');
  });
});

describe('$util', () => {
  it('encodes as java.net.URLEncoder does', () => {
    const body = " aZ09*-._!~'()&+%=?/é€😀\n";
    expect(render('$util.urlEncode($input.body)', { body })).toBe(
      '+aZ09*-._%21%7E%27%28%29%26%2B%25%3D%3F%2F%C3%A9%E2%82%AC%F0%9F%98%80%0A',
    );
  });

  it('encodes any string so that a form decodes it unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, minLength: 1 }), (body) => {
        const form = new URLSearchParams(`x=${render('$util.urlEncode($input.body)', { body })}`);
        expect([...form]).toEqual([['x', body]]);
        expect(render('$util.urlDecode($util.urlEncode($input.body))', { body })).toBe(body);
      }),
    );
  });

  it('writes a lone surrogate as a question mark', () => {
    expect(render('$util.urlEncode($input.body)', { body: 'a\ud800b' })).toBe('a%3Fb');
  });

  it('escapes as Commons Lang 2 does', () => {
    const body = '"it\'s" a\\b </p>\n\té\u0001😀';
    expect(render('$util.escapeJavaScript($input.body)', { body })).toBe(
      '\\"it\\\'s\\" a\\\\b <\\/p>\\n\\t\\u00E9\\u0001\\uD83D\\uDE00',
    );
  });

  it('encodes and decodes base64 as UTF-8', () => {
    expect(render('$util.base64Encode($input.body)', { body: 'é' })).toBe('w6k=');
    expect(render('$util.base64Decode($input.body)', { body: 'w6k=' })).toBe('é');
  });

  it('reads JSON within JSON', () => {
    const body = '{"inner":"{\\"list\\":[1,2]}"}';
    expect(render("#set($o = $util.parseJson($input.path('$.inner')))$o.list[1]", { body })).toBe('2');
  });

  it.each([
    ["$util.parseJson('{')", ''],
    ["$util.urlDecode('%zz')", ''],
    ["$util.urlEncode($input.path('$'))", '{"a":1}'],
  ])('fails on %s', (source, body) => {
    expect(() => render(source, { body })).toThrow();
  });
});

describe('$context', () => {
  it('renders', () => {
    expect(
      render(
        '$context.requestId $context.extendedRequestId $context.requestTimeEpoch ${context.stage}x ' +
          '$context.httpMethod $context.resourcePath $context.path $context.identity.apiKeyId',
      ),
    ).toBe('r1 x1= 1700000000123 v1x POST /webhook/{event} /v1/webhook/a Key');
  });

  it('lets a template override the status and the headers of the response', () => {
    const seen = context();
    const source = [
      "#if($input.path('$.Error.Code') == 'InvalidParameterValue')",
      '#set($context.responseOverride.status = 413)',
      '#set($context.responseOverride.header.foo = "$context.stage")',
      'long#else',
      'short#end',
    ].join('\n');
    expect(render(source, { body: '{"Error":{"Code":"InvalidParameterValue"}}', context: seen })).toBe(
      'long',
    );
    expect(seen.responseOverride).toEqual({ status: 413, header: { foo: 'v1' } });

    const other = context();
    expect(render(source, { body: '{"Error":{"Code":"Other"}}', context: other })).toBe('short');
    expect(other.responseOverride).toEqual({ header: {} });
  });
});

describe('data is not evaluated', () => {
  const vtl = fc.constantFrom(
    '#set($context.responseOverride.status = 418)',
    '#set($x = 1)',
    '$x',
    '${x}',
    '$!{x}',
    '$util.urlEncode("a")',
    '$input.body',
    '$context.requestId',
    '#if(true)',
    '#else',
    '#end',
    '#foreach($i in [1..9])',
    '#macro(m)',
    '#define($d)',
    '#[[raw]]#',
    '##',
    '#*',
    '*#',
    '#evaluate("x")',
    '\\$x',
    '"',
    "'",
    '#',
    '$',
  );

  it('F13: VTL in body, path and headers stays literal', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(vtl, fc.string({ unit: anyCharacter })), { minLength: 1 }), (parts) => {
        const body = parts.join('') || '$';
        const seen = context();
        const params = { path: { event: body }, querystring: {}, header: { h: body } };
        const source = "$input.body|$input.params('event')|$input.params().header.get('h')|\"$input.body\"";
        expect(render(source, { body, params, context: seen })).toBe(`${body}|${body}|${body}|"${body}"`);
        expect(render('#set($copy = "$input.body")$copy', { body, context: seen })).toBe(body);
        expect(seen).toEqual(context());
      }),
    );
  });
});

describe('a template with an unsupported feature is rejected when it is parsed', () => {
  it.each([
    ['$util.urlEncod($input.body)', 'the method urlEncod is not supported'],
    ["$input.body.replaceAll('a', 'b')", 'the method replaceAll is not supported'],
    ["$input.eval('x')", 'the method eval is not supported'],
    ['$input.data', '$input.data is not supported'],
    ['$util.secret', '$util.secret is not supported'],
    ['$context.authorizer.claims', '$context.authorizer is not supported'],
    ['$stageVariables.x', '$stageVariables is not supported'],
    ['$unknown', '$unknown is not supported'],
    ['"$util.urlEncode("$unknown")"', '$unknown is not supported'],
    ["$input.path('$..deep')", 'the JSONPath $..deep is not supported'],
    ["$input.json('$.a[*]')", 'the JSONPath $.a[*] is not supported'],
    ['#parse("file")', '#parse is not supported'],
    ['#if(', 'Parse error'],
  ])('%s', (source, message) => {
    expect(() => readMappingTemplate(source)).toThrow(message);
  });
});

describe('substituteContext', () => {
  it('replaces variables with their values and missing ones with the placeholder', () => {
    const variables = { a: 'x', n: 3, nested: { b: 'y' } };
    expect(substituteContext('$context.a/$context.nested.b/$context.n.', variables, '-')).toBe('x/y/3.');
    expect(substituteContext('$context.z $context.nested $context.a.length', variables, '-')).toBe('- - -');
    expect(substituteContext('#set($x = 1) $input.body', variables, '-')).toBe('#set($x = 1) $input.body');
  });
});
