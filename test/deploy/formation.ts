/**
 * CloudFormation as far as deploying uses it: stacks, change sets and events, kept in memory. It works the template out
 * for real, finds changes by comparing, and refuses what SageMaker refuses. Looking at the events moves time on.
 */
import { checkParameters, parseTemplate, type Resource, type Template, work } from './template.ts';

export class Refused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

interface Event {
  readonly id: string;
  readonly resource: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string | null;
  readonly at: string;
}

interface StandingStack {
  readonly id: string;
  readonly name: string;
  status: string;
  template: Template | null;
  parameters: Readonly<Record<string, string>>;
  resources: readonly Resource[];
  outputs: Readonly<Record<string, string>>;
  readonly events: Event[];
  /** What happens next, one step for each look. */
  readonly ahead: (() => void)[];
}

interface StandingChangeSet {
  readonly id: string;
  readonly stack: StandingStack;
  readonly template: Template;
  readonly parameters: Readonly<Record<string, string>>;
  readonly changes: readonly { action: string; resource: Resource; replaces: boolean }[];
  looks: number;
}

export type Fields = Readonly<Record<string, string>>;

export interface Formation {
  readonly stacks: StandingStack[];
  readonly changeSets: StandingChangeSet[];
  /** The reason why a resource cannot be made, changed or removed; null where it can. */
  fail: (resource: Resource, doing: 'CREATE' | 'UPDATE' | 'DELETE') => string | null;
  /** One call: an action and its fields, to a value for XML. Throws `Refused`. */
  call(action: string, fields: Fields): unknown;
}

/** Cannot be changed in place: another property means another resource. */
const immutable = ['AWS::SageMaker::Model', 'AWS::SageMaker::EndpointConfig'];
const mustHave: Readonly<Record<string, readonly string[]>> = {
  'AWS::SageMaker::Model': ['ExecutionRoleArn', 'PrimaryContainer'],
  'AWS::SageMaker::EndpointConfig': ['ProductionVariants'],
  'AWS::SageMaker::Endpoint': ['EndpointConfigName'],
  'AWS::IAM::Role': ['AssumeRolePolicyDocument'],
  'AWS::ApplicationAutoScaling::ScalableTarget': [
    'MinCapacity',
    'MaxCapacity',
    'ResourceId',
    'ScalableDimension',
    'ServiceNamespace',
  ],
  'AWS::ApplicationAutoScaling::ScalingPolicy': ['PolicyName', 'PolicyType', 'ScalingTargetId'],
  'AWS::CloudWatch::Alarm': ['ComparisonOperator', 'EvaluationPeriods', 'Threshold'],
  'AWS::Logs::LogGroup': [],
};

/** `hasObject`: whether S3 holds what a model is to be made from. */
export function createFormation(hasObject: (url: string) => boolean): Formation {
  const stacks: StandingStack[] = [];
  const changeSets: StandingChangeSet[] = [];
  let count = 0;

  const must = (fields: Fields, ...names: string[]) => {
    for (const name of names)
      if (!fields[name])
        throw new Refused('ValidationError', `1 validation error detected: ${name} must not be null`);
  };
  const living = (name: string) =>
    stacks.find((stack) => stack.id === name || (stack.name === name && stack.status !== 'DELETE_COMPLETE'));
  const known = (name: string) => {
    const stack = living(name);
    if (!stack) throw new Refused('ValidationError', `Stack with id ${name} does not exist`);
    return stack;
  };
  const set = (id: string) => {
    const found = changeSets.find((one) => one.id === id);
    if (!found) throw new Refused('ChangeSetNotFound', `ChangeSet [${id}] does not exist`);
    return found;
  };

  function emit(
    stack: StandingStack,
    resource: { name: string; type: string } | null,
    status: string,
    reason: string | null = null,
  ): void {
    if (!resource) stack.status = status;
    stack.events.push({
      id: `event-${++count}`,
      resource: resource?.name ?? stack.name,
      type: resource?.type ?? 'AWS::CloudFormation::Stack',
      status,
      reason,
      at: new Date(Date.UTC(2026, 10, 23, 9, 0, count)).toISOString(),
    });
  }

  function create(fields: Fields): unknown {
    must(fields, 'StackName', 'ChangeSetName', 'ChangeSetType');
    const { StackName = '', TemplateBody = '', ChangeSetType } = fields;
    const previous = fields.UsePreviousTemplate === 'true';
    if (!/^[a-zA-Z][-a-zA-Z0-9]*$/.test(StackName)) throw new Refused('ValidationError', 'StackName');
    if (Buffer.byteLength(TemplateBody) > 51_200)
      throw new Refused('ValidationError', 'TemplateBody is too long');
    let stack = living(StackName);
    if (ChangeSetType === 'CREATE' && stack && stack.status !== 'REVIEW_IN_PROGRESS')
      throw new Refused('ValidationError', `Stack [${StackName}] already exists and cannot be created again`);
    if (
      (ChangeSetType === 'UPDATE' && !/_COMPLETE$/.test(stack?.status ?? '')) ||
      stack?.status === 'ROLLBACK_COMPLETE'
    )
      throw new Refused(
        'ValidationError',
        `Stack:${stack?.id} is in ${stack?.status} state and can not be updated.`,
      );
    const template = previous ? stack!.template! : parseTemplate(TemplateBody);
    const makesRole = Object.values(template.Resources).some(({ Type }) => Type === 'AWS::IAM::Role');
    if (makesRole && fields['Capabilities.member.1'] !== 'CAPABILITY_IAM')
      throw new Refused('InsufficientCapabilitiesException', 'Requires capabilities : [CAPABILITY_IAM]');
    const parameters: Record<string, string> = {};
    for (let at = 1; fields[`Parameters.member.${at}.ParameterKey`]; at++) {
      const key = fields[`Parameters.member.${at}.ParameterKey`]!;
      const keeps = fields[`Parameters.member.${at}.UsePreviousValue`] === 'true';
      const value = keeps ? stack?.parameters[key] : fields[`Parameters.member.${at}.ParameterValue`];
      if (value === undefined) throw new Refused('ValidationError', `Parameter ${key} has no value`);
      parameters[key] = value;
    }
    try {
      checkParameters(template, parameters);
    } catch (error) {
      throw new Refused('ValidationError', (error as Error).message);
    }
    if (!stack) {
      const id = `arn:aws:cloudformation:eu-test-1:123456789012:stack/${StackName}/${++count}`;
      stack = {
        id,
        name: StackName,
        status: '',
        template: null,
        parameters: {},
        resources: [],
        outputs: {},
        events: [],
        ahead: [],
      };
      stacks.push(stack);
      emit(stack, null, 'REVIEW_IN_PROGRESS');
    }
    const { resources } = work(template, parameters, StackName);
    const old = stack.resources;
    const changes = [
      ...resources.flatMap((resource) => {
        const before = old.find(({ name }) => name === resource.name);
        if (!before) return [{ action: 'Add', resource, replaces: false }];
        if (JSON.stringify(before.properties) === JSON.stringify(resource.properties)) return [];
        return [{ action: 'Modify', resource, replaces: immutable.includes(resource.type) }];
      }),
      ...old
        .filter(({ name }) => !resources.some((resource) => resource.name === name))
        .map((resource) => ({ action: 'Remove', resource, replaces: false })),
    ];
    const id = `arn:aws:cloudformation:eu-test-1:123456789012:changeSet/${fields.ChangeSetName}/${++count}`;
    changeSets.push({ id, stack, template, parameters, changes, looks: 0 });
    return { Id: id, StackId: stack.id };
  }

  /** Why SageMaker or CloudFormation would refuse this change of a resource. */
  function objection(resource: Resource, stack: StandingStack, doing: 'CREATE' | 'UPDATE'): string | null {
    const { properties, type } = resource;
    const required = mustHave[type];
    if (!required) return `Resource type ${type} is unknown here`;
    const missing = required.filter((name) => properties[name] === undefined);
    if (missing.length > 0) return `required key [${missing.join(', ')}] not found`;
    const before = stack.resources.find(({ name }) => name === resource.name);
    if (immutable.includes(type) && doing === 'UPDATE') {
      const name = type.endsWith('Model') ? 'ModelName' : 'EndpointConfigName';
      if (before?.properties[name] === properties[name])
        return `CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename ${String(properties[name])}`;
    }
    const url = String((properties.PrimaryContainer as { ModelDataUrl?: string })?.ModelDataUrl ?? '');
    if (type === 'AWS::SageMaker::Model' && !hasObject(url)) return `Could not find model data at ${url}`;
    const scaled = stack.resources.some((other) => other.type.endsWith('ScalableTarget'));
    const variant = (of: Resource | undefined) =>
      JSON.stringify(
        (
          of?.properties.ProductionVariants as { InstanceType: string; VariantName: string }[] | undefined
        )?.map(({ InstanceType, VariantName }) => [InstanceType, VariantName]),
      );
    if (
      type === 'AWS::SageMaker::EndpointConfig' &&
      doing === 'UPDATE' &&
      scaled &&
      variant(before) !== variant(resource)
    )
      return 'The variant is a target for automatic scaling: deregister it before its instance type changes';
    return null;
  }

  function execute(fields: Fields): unknown {
    must(fields, 'ChangeSetName');
    const change = set(fields.ChangeSetName!);
    const { stack, changes } = change;
    const doing = stack.status === 'REVIEW_IN_PROGRESS' ? 'CREATE' : 'UPDATE';
    changeSets.splice(0, changeSets.length, ...changeSets.filter((one) => one.stack !== stack));
    const worked = work(change.template, change.parameters, stack.name);
    const take = () => {
      stack.template = change.template;
      stack.parameters = change.parameters;
      stack.resources = worked.resources;
      stack.outputs = worked.outputs;
    };
    stack.ahead.push(() => emit(stack, null, `${doing}_IN_PROGRESS`, 'User Initiated'));
    const begun: Resource[] = [];
    for (const { action, resource } of changes) {
      if (action === 'Remove') continue;
      const kind = action === 'Add' ? 'CREATE' : 'UPDATE';
      const reason = objection(resource, stack, kind) ?? formation.fail(resource, kind);
      stack.ahead.push(() => emit(stack, resource, `${kind}_IN_PROGRESS`));
      begun.push(resource);
      if (reason === null) {
        stack.ahead.push(() => emit(stack, resource, `${kind}_COMPLETE`));
        continue;
      }
      const back = doing === 'CREATE' ? 'ROLLBACK' : 'UPDATE_ROLLBACK';
      stack.ahead.push(() => {
        // Whatever ran beside it is reported as failed too, and not always after it.
        emit(
          stack,
          { name: 'Latency', type: 'AWS::CloudWatch::Alarm' },
          `${kind}_FAILED`,
          `Resource ${kind === 'CREATE' ? 'creation' : 'update'} cancelled`,
        );
        emit(stack, resource, `${kind}_FAILED`, reason);
      });
      stack.ahead.push(() =>
        emit(stack, null, `${back}_IN_PROGRESS`, `The following resource(s) failed: [${resource.name}].`),
      );
      for (const made of begun.reverse()) stack.ahead.push(() => emit(stack, made, 'DELETE_COMPLETE'));
      stack.ahead.push(() => emit(stack, null, `${back}_COMPLETE`));
      if (doing === 'CREATE') stack.parameters = change.parameters;
      return {};
    }
    if (doing === 'UPDATE') stack.ahead.push(() => emit(stack, null, 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'));
    for (const { resource } of changes.filter(({ action, replaces }) => action === 'Remove' || replaces))
      stack.ahead.push(() => emit(stack, resource, 'DELETE_COMPLETE'));
    stack.ahead.push(() => {
      take();
      emit(stack, null, `${doing}_COMPLETE`);
    });
    return {};
  }

  function remove(fields: Fields): unknown {
    must(fields, 'StackName');
    const stack = living(fields.StackName!);
    if (!stack) return {};
    stack.ahead.length = 0;
    if (stack.status === 'REVIEW_IN_PROGRESS') {
      emit(stack, null, 'DELETE_COMPLETE');
      return {};
    }
    stack.ahead.push(() => emit(stack, null, 'DELETE_IN_PROGRESS', 'User Initiated'));
    for (const resource of [...stack.resources].reverse()) {
      const reason = formation.fail(resource, 'DELETE');
      stack.ahead.push(() =>
        emit(stack, resource, reason === null ? 'DELETE_COMPLETE' : 'DELETE_FAILED', reason),
      );
      if (reason === null) continue;
      stack.ahead.push(() =>
        emit(stack, null, 'DELETE_FAILED', 'The following resource(s) failed to delete'),
      );
      return {};
    }
    stack.ahead.push(() => emit(stack, null, 'DELETE_COMPLETE'));
    return {};
  }

  const formation: Formation = {
    stacks,
    changeSets,
    fail: () => null,
    call(action, fields) {
      if (action === 'CreateChangeSet') return create(fields);
      if (action === 'ExecuteChangeSet') return execute(fields);
      if (action === 'DeleteStack') return remove(fields);
      if (action === 'DeleteChangeSet') {
        must(fields, 'ChangeSetName');
        changeSets.splice(changeSets.indexOf(set(fields.ChangeSetName!)), 1);
        return {};
      }
      if (action === 'DescribeChangeSet') {
        must(fields, 'ChangeSetName');
        const found = set(fields.ChangeSetName!);
        const head = { ChangeSetId: found.id, StackId: found.stack.id };
        if (found.looks++ === 0) return { ...head, Status: 'CREATE_IN_PROGRESS' };
        if (found.changes.length === 0)
          return {
            ...head,
            Status: 'FAILED',
            StatusReason:
              "The submitted information didn't contain changes. Submit different information to create a change set.",
          };
        // Two to a page.
        const from = Number(fields.NextToken ?? 0);
        const page = found.changes.slice(from, from + 2).map(({ action: Action, resource, replaces }) => ({
          Type: 'Resource',
          ResourceChange: {
            Action,
            LogicalResourceId: resource.name,
            ResourceType: resource.type,
            ...(Action === 'Modify' ? { Replacement: replaces ? 'True' : 'False' } : {}),
          },
        }));
        return {
          ...head,
          Status: 'CREATE_COMPLETE',
          Changes: page,
          ...(from + 2 < found.changes.length ? { NextToken: String(from + 2) } : {}),
        };
      }
      if (action === 'DescribeStacks') {
        must(fields, 'StackName');
        const stack = known(fields.StackName!);
        const pairs = (record: Fields, name: string) =>
          Object.entries(record).map(([key, value]) => ({ [`${name}Key`]: key, [`${name}Value`]: value }));
        return {
          Stacks: [
            {
              StackId: stack.id,
              StackName: stack.name,
              StackStatus: stack.status,
              CreationTime: stack.events[0]!.at,
              Parameters: pairs(stack.parameters, 'Parameter'),
              Outputs: pairs(stack.outputs, 'Output'),
            },
          ],
        };
      }
      if (action === 'DescribeStackEvents') {
        must(fields, 'StackName');
        const stack = known(fields.StackName!);
        if (!fields.NextToken) stack.ahead.shift()?.();
        const newest = [...stack.events].reverse();
        const from = Number(fields.NextToken ?? 0);
        const page = newest.slice(from, from + 4).map((event) => ({
          EventId: event.id,
          StackId: stack.id,
          StackName: stack.name,
          LogicalResourceId: event.resource,
          ResourceType: event.type,
          ResourceStatus: event.status,
          Timestamp: event.at,
          PhysicalResourceId:
            event.type === 'AWS::CloudFormation::Stack' ? stack.id : `made-${event.resource}`,
          ...(event.reason ? { ResourceStatusReason: event.reason } : {}),
        }));
        return { StackEvents: page, ...(from + 4 < newest.length ? { NextToken: String(from + 4) } : {}) };
      }
      throw new Refused('InvalidAction', `Could not find operation ${action}`);
    },
  };
  return formation;
}
