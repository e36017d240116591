// The validation plugin costs seconds in every synth; the tests that are about it switch it on again.
process.env['CDK_VALIDATION'] ??= 'false';
// The SDK would warn of this machine's Node in every test that speaks to the embedded services.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
