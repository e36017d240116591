/**
 * Replaces the SDK's credential providers for laptops and EC2 in the bundle. Lambda passes credentials in the
 * environment; the other providers would add 80 kB to every cold start.
 */
const absent = (): never => {
  throw new Error('credentials are read only from the environment');
};

export { absent as fromIni, absent as fromProcess, absent as fromSSO, absent as fromTokenFile };
