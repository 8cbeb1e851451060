/** Stacks of CloudFormation, changed by change sets only: what will happen is known before it does. */
import { randomUUID } from 'node:crypto';
import {
  type CloudFormationClient,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  type DescribeChangeSetOutput,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
} from '@aws-sdk/client-cloudformation';
import {
  DeployFault,
  type Pause,
  type ResourceChange,
  type StackEvent,
  type StackRequest,
  type Stacks,
} from '../../application/ports-deploy.ts';
import { explain } from './aws-fault.ts';

/** `pause`: between two looks at a change set that is still being worked out. */
export function createStacks(client: CloudFormationClient, stop: AbortSignal, pause: Pause): Stacks {
  const options = { abortSignal: stop };
  /** The result, or what went wrong in words. */
  function asked<T>(what: string, answer: Promise<T>): Promise<T> {
    return answer.catch((error: unknown) => {
      throw explain(what, error);
    });
  }

  /** Every page. */
  async function workedOut(id: string): Promise<{ set: DescribeChangeSetOutput; changes: ResourceChange[] }> {
    const changes: ResourceChange[] = [];
    let NextToken: string | undefined;
    for (;;) {
      const input = { ChangeSetName: id, ...(NextToken === undefined ? {} : { NextToken }) };
      const set = await asked('DescribeChangeSet', client.send(new DescribeChangeSetCommand(input), options));
      if (set.Status === 'CREATE_PENDING' || set.Status === 'CREATE_IN_PROGRESS') {
        await pause();
        continue;
      }
      for (const { ResourceChange: change } of set.Changes ?? [])
        changes.push({
          action: knownAction(change?.Action),
          resource: change?.LogicalResourceId ?? '',
          type: change?.ResourceType ?? '',
          replaces: change?.Replacement === 'True' || change?.Replacement === 'Conditional',
        });
      NextToken = set.NextToken;
      if (!NextToken) return { set, changes };
    }
  }

  return {
    region: () => asked('region', client.config.region()),
    async find(nameOrId) {
      const answer = await client
        .send(new DescribeStacksCommand({ StackName: nameOrId }), options)
        .catch((error: unknown) => {
          if (error instanceof Error && /does not exist/.test(error.message)) return null;
          throw explain('DescribeStacks', error);
        });
      const stack = answer?.Stacks?.[0];
      if (!stack || stack.StackStatus === 'DELETE_COMPLETE') return null;
      return {
        id: stack.StackId ?? nameOrId,
        name: stack.StackName ?? nameOrId,
        status: stack.StackStatus ?? '',
        parameters: Object.fromEntries(
          (stack.Parameters ?? []).map(({ ParameterKey, ParameterValue }) => [
            ParameterKey,
            ParameterValue ?? '',
          ]),
        ),
        outputs: Object.fromEntries(
          (stack.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue ?? '']),
        ),
      };
    },
    async prepare(request) {
      const given = Object.entries(request.parameters).map(([ParameterKey, ParameterValue]) => ({
        ParameterKey,
        ParameterValue,
      }));
      const kept = request.template === null ? await parametersToKeep(request) : [];
      const created = await asked(
        'CreateChangeSet',
        client.send(
          new CreateChangeSetCommand({
            StackName: request.name,
            ChangeSetName: `hangtag-${randomUUID()}`,
            ChangeSetType: request.creates ? 'CREATE' : 'UPDATE',
            ...(request.template === null
              ? { UsePreviousTemplate: true }
              : { TemplateBody: request.template }),
            Parameters: [...given, ...kept],
            // The template can make a role, which AWS wants to hear acknowledged.
            Capabilities: ['CAPABILITY_IAM'],
            Tags: [{ Key: 'hangtag', Value: 'clip' }],
          }),
          options,
        ),
      );
      const id = created.Id ?? '';
      const { set, changes } = await workedOut(id);
      if (set.Status === 'CREATE_COMPLETE') return { id, stackId: set.StackId ?? '', changes };
      await asked('DeleteChangeSet', client.send(new DeleteChangeSetCommand({ ChangeSetName: id }), options));
      const reason = set.StatusReason ?? '';
      if (/didn't contain changes|No updates are to be performed/.test(reason)) return null;
      throw new DeployFault(`AWS cannot carry this out: ${reason || set.Status}`, { nothingBegun: true });
    },
    async execute({ id }) {
      await asked(
        'ExecuteChangeSet',
        client.send(new ExecuteChangeSetCommand({ ChangeSetName: id }), options),
      );
    },
    async discard({ id }) {
      await asked('DeleteChangeSet', client.send(new DeleteChangeSetCommand({ ChangeSetName: id }), options));
    },
    async remove(id) {
      await asked('DeleteStack', client.send(new DeleteStackCommand({ StackName: id }), options));
    },
    async events(id, after) {
      const newestFirst: StackEvent[] = [];
      let NextToken: string | undefined;
      do {
        const input = { StackName: id, ...(NextToken === undefined ? {} : { NextToken }) };
        const page = await asked(
          'DescribeStackEvents',
          client.send(new DescribeStackEventsCommand(input), options),
        );
        for (const event of page.StackEvents ?? []) {
          if (event.EventId === after) return newestFirst.reverse();
          newestFirst.push({
            id: event.EventId ?? '',
            at: event.Timestamp?.toISOString() ?? '',
            resource: event.LogicalResourceId ?? '',
            type: event.ResourceType ?? '',
            status: event.ResourceStatus ?? '',
            reason: event.ResourceStatusReason ?? null,
            ofStack: event.PhysicalResourceId === event.StackId,
          });
        }
        NextToken = page.NextToken;
      } while (NextToken);
      return newestFirst.reverse();
    },
  };

  async function parametersToKeep({ name, parameters }: StackRequest) {
    const answer = await asked(
      'DescribeStacks',
      client.send(new DescribeStacksCommand({ StackName: name }), options),
    );
    return (answer.Stacks?.[0]?.Parameters ?? [])
      .filter(({ ParameterKey = '' }) => !(ParameterKey in parameters))
      .map(({ ParameterKey }) => ({ ParameterKey, UsePreviousValue: true }));
  }
}

function knownAction(action: string | undefined): ResourceChange['action'] {
  return action === 'Add' || action === 'Modify' || action === 'Remove' ? action : 'Other';
}
