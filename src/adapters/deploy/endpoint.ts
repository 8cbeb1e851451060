/** One real call of an endpoint, for the smoke test. The service has its own client, with batches, retries and deadlines. */
import {
  InvokeEndpointCommand,
  type ModelError,
  type SageMakerRuntimeClient,
} from '@aws-sdk/client-sagemaker-runtime';
import { DeployFault, type InvokeEndpoint } from '../../application/ports-deploy.ts';
import { codeOf, explain, type SdkError } from './aws-fault.ts';

export function createInvokeEndpoint(client: SageMakerRuntimeClient, stop: AbortSignal): InvokeEndpoint {
  return async (endpoint, body) => {
    const started = performance.now();
    const command = new InvokeEndpointCommand({
      EndpointName: endpoint,
      ContentType: 'application/json',
      Accept: 'application/json',
      Body: JSON.stringify(body),
    });
    const { Body } = await client.send(command, { abortSignal: stop }).catch((error: unknown) => {
      throw refusal(endpoint, error);
    });
    const ms = performance.now() - started;
    try {
      return { answer: JSON.parse(new TextDecoder().decode(Body)) as unknown, ms };
    } catch (error) {
      throw new DeployFault(`${endpoint} answered something other than JSON.`, { cause: error });
    }
  };
}

function refusal(endpoint: string, error: unknown): DeployFault {
  if (error instanceof Error && codeOf(error as SdkError) === 'ModelError') {
    const { OriginalStatusCode: status, OriginalMessage: message } = error as ModelError;
    return new DeployFault(
      `${endpoint} is there, but its container answered ${status}: ${(message ?? '').slice(0, 300)}\nIts log: /aws/sagemaker/Endpoints/${endpoint}`,
    );
  }
  return explain('InvokeEndpoint', error);
}
