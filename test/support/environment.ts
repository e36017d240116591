// The validation plugin adds seconds to every synth. Tests about it enable it again.
process.env['CDK_VALIDATION'] ??= 'false';
// Otherwise the SDK warns about this machine's Node in every test that calls the embedded services.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
// Of the shell that runs the tests. jest sets FORCE_COLOR for its workers if its own output is a terminal.
for (const name of ['FORCE_COLOR', 'NO_COLOR', 'AWS_PROFILE', 'http_proxy', 'all_proxy', 'ALL_PROXY'])
  Reflect.deleteProperty(process.env, name);
