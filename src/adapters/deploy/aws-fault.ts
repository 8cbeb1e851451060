/**
 * AWS's errors in words for whoever deploys. Never the SDK's error itself: where a signature is refused it carries the
 * request with its session token.
 */
import { DeployFault } from '../../application/ports-deploy.ts';

/** What the SDK throws, as far as it is read here. */
export interface SdkError extends Error {
  readonly Code?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, string>> };
}

export function codeOf(error: SdkError): string {
  return error.Code ?? error.code ?? error.name;
}

export function statusOf(error: SdkError): number | null {
  return error.$metadata?.httpStatusCode ?? error.$response?.statusCode ?? null;
}

/** The same call may succeed a moment later. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof DeployFault) return false;
  const status = statusOf(error);
  const code = codeOf(error);
  if (['CredentialsProviderError', 'AbortError'].includes(code) || /^Region is missing/.test(error.message))
    return false;
  if (status === null) return !(error instanceof TypeError && (error as SdkError).code === undefined);
  return (
    status === 429 || (status >= 500 && status !== 501) || /RequestTimeout|SlowDown|Throttling/.test(code)
  );
}

const notAccepted =
  /^(InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|InvalidSignatureException|InvalidAccessKeyId|ExpiredToken(Exception)?|InvalidToken|RequestExpired|IncompleteSignature|MissingAuthenticationToken)/;

/** `what`: the operation, `CreateChangeSet`. A mistake of ours (a TypeError and the like) is thrown as it is. */
export function explain(what: string, error: unknown): DeployFault {
  if (error instanceof DeployFault) return error;
  if (!(error instanceof Error)) throw error;
  const code = codeOf(error);
  const status = statusOf(error);
  const begin = (message: string) => new DeployFault(message, { nothingBegun: true });
  if (code === 'CredentialsProviderError')
    return begin(
      'No AWS credentials were found. Sign in as you do for the aws command (AWS_PROFILE, aws sso login, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY).',
    );
  if (/^Region is missing/.test(error.message)) return begin('Name a region: --region, or AWS_REGION.');
  if (notAccepted.test(code)) return begin(`AWS does not accept these credentials (${what}: ${code}).`);
  if (status === 403 || /^AccessDenied/.test(code))
    return begin(
      `These credentials may not do that (${what}). ${said(error)}\ndeploy/README.md lists the permissions.`,
    );
  if (error instanceof TypeError && (error as SdkError).code === undefined && status === null) throw error;
  const where = status === null ? '' : `, HTTP ${status}`;
  return new DeployFault(`${what} failed: ${said(error)} (${code}${where})`);
}

function said(error: Error): string {
  return error.message.replaceAll(/\s+/g, ' ').slice(0, 600).trim();
}
