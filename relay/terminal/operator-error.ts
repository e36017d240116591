import { types } from 'node:util';
import { EnvironmentConfigError } from '../../lib/config/environment-config';
import { hasEnvironments } from '../options';

/** Why a command could not do its work, as a sentence for the operator, with what to do. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}

const signIn =
  'Sign in, e.g. with "aws sso login --profile NAME", and give the profile as AWS_PROFILE=NAME; or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.';

function ofProfile(): string {
  const { AWS_PROFILE: profile = '' } = process.env;
  return profile === '' ? '' : ` in the profile "${profile}" (AWS_PROFILE)`;
}

/** The error names with which AWS services refuse credentials. */
const refusedCredentials = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);

const missingPermission = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationError',
  'NotAuthorized',
  'UnauthorizedOperation',
]);

const networkFaults: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection broke',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name could not be looked up',
  ETIMEDOUT: 'no answer in time',
};

/**
 * Explains an expected error to the operator: missing credentials, permissions, stack or network. Without a stack trace,
 * which is for bugs.
 *
 * @returns undefined for an unexpected error
 */
export function explain(error: unknown): string | undefined {
  if (error instanceof OperatorError || error instanceof EnvironmentConfigError) return error.message;
  if (!types.isNativeError(error)) return undefined;
  const { name, message } = error;
  if (/(?:Credentials|Token)ProviderError$/.test(name))
    return `there are no usable AWS credentials${ofProfile()}. ${signIn}\nThe AWS SDK says: ${message}`;
  if (refusedCredentials.has(name)) return `AWS refused the credentials (${name}). ${signIn}`;
  if (missingPermission.has(name)) return describeMissingPermission(message);
  if (message === 'Region is missing') {
    return `no AWS region is known. Set AWS_REGION${hasEnvironments ? ', or region in config/<env>.ts' : ''}.`;
  }
  if (name === 'QueueDoesNotExist' || name === 'AWS.SimpleQueueService.NonExistentQueue') {
    return 'the queue does not exist, or is in another account or region.';
  }
  const fault = faultOf(error);
  if (fault !== undefined) return `no connection: ${fault}`;
  // A service's message is safe to print: no call made here has personal data or secrets in its input.
  return '$metadata' in error ? `AWS answered ${name}: ${message}` : undefined;
}

/** Whether an error is transient: the network, a server error, or throttling. */
export function isPassing(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  const isOfService = '$fault' in error && error.$fault === 'server';
  return isOfService || error.name === 'ThrottlingException' || faultOf(error) !== undefined;
}

/** Puts the action first. AWS's own message also names principal and resource. */
function describeMissingPermission(message: string): string {
  const [, action] = /not authorized to perform: ([\w-]+:\w+)/i.exec(message) ?? [];
  const lacking = action === undefined ? 'a permission' : `the permission ${action}`;
  return `your AWS user or role lacks ${lacking}. docs/operate.md, "Access to AWS", says which policy grants it.\nAWS says: ${message}`;
}

function faultOf(error: Error): string | undefined {
  const cause = types.isNativeError(error.cause) ? error.cause : error;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const fault = networkFaults[code];
  if (fault !== undefined) return `${fault} (${cause.message})`;
  return error.name === 'TimeoutError' ? networkFaults['ETIMEDOUT'] : undefined;
}
