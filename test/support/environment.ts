// The validation plugin costs seconds in every synth; the tests that are about it switch it on again.
process.env['CDK_VALIDATION'] ??= 'false';
