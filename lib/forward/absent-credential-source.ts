/**
 * Stands in the bundle for the SDK's ways to find credentials on a laptop or an EC2 instance. Lambda gives them in
 * the environment, where the SDK looks first; carrying the others would cost every cold start 80 kB.
 */
const absent = (): never => {
  throw new Error('credentials are taken from the environment alone');
};

export { absent as fromIni, absent as fromProcess, absent as fromSSO, absent as fromTokenFile };
