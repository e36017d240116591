// The validation plugin adds seconds to every synth. Tests about it enable it again.
process.env['CDK_VALIDATION'] ??= 'false';
// Otherwise the SDK warns about this machine's Node in every test that calls the embedded services.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
// jest sets it for its workers if its own output is a terminal, and they pass it on to what they start.
delete process.env['FORCE_COLOR'];
