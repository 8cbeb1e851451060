/** One real call of the endpoint that was deployed: a picture and two texts in, unit vectors out. */
import { DeployFault, type InvokeEndpoint, type Stacks } from './ports-deploy.ts';

export interface SmokeResult {
  readonly endpoint: string;
  /** Which weights and preprocessing answer. */
  readonly fingerprint: string;
  readonly dim: number;
  /** Round trip on our side. */
  readonly ms: number;
  readonly cosines: readonly { readonly text: string; readonly cosine: number }[];
}

export type SmokeClip = (stack: string) => Promise<SmokeResult>;

const texts = ['a plain red square', 'a photo of a blue bicycle'] as const;

export function createSmokeClip(needs: {
  readonly stacks: Stacks;
  readonly invoke: InvokeEndpoint;
  /** Base64 of an encoded file: a plain red square. */
  readonly picture: () => string;
}): SmokeClip {
  return async (name) => {
    const stack = await needs.stacks.find(name);
    const endpoint = stack?.outputs.EndpointName;
    if (!endpoint)
      throw new DeployFault(
        `${name} has no endpoint${stack ? ` (${stack.status})` : ''}. Deploy it first, or name another with --stack.`,
        { nothingBegun: true },
      );
    const body = { task: 'embed', images: [{ file: needs.picture() }], texts };
    const { answer, ms } = await needs.invoke(endpoint, body);
    return { endpoint, ms, ...check(answer) };
  };
}

function check(answer: unknown): Pick<SmokeResult, 'fingerprint' | 'dim' | 'cosines'> {
  const { error, fingerprint, dim, images, texts: told } = record(answer, 'The answer');
  if (error !== undefined) throw new DeployFault(`The endpoint refused the call: ${saying(error)}`);
  if (typeof fingerprint !== 'string' || fingerprint === '') throw odd('it names no fingerprint');
  if (typeof dim !== 'number' || !Number.isInteger(dim) || dim < 1) throw odd('it names no dimension');
  if (!Array.isArray(images) || images.length !== 1) throw odd('it holds no answer for the picture');
  if (!Array.isArray(told) || told.length !== texts.length) throw odd('it does not answer both texts');
  const picture = vector(images[0], dim, 'the picture');
  const cosines = texts.map((text, index) => {
    const other = vector(told[index], dim, `"${text}"`);
    return { text, cosine: picture.reduce((sum, value, at) => sum + value * other[at]!, 0) };
  });
  return { fingerprint, dim, cosines };
}

/** Little-endian float32 in base64, of length 1 within what float16 arithmetic leaves. */
function vector(entry: unknown, dim: number, whose: string): number[] {
  const { vector: text, error } = record(entry, `The answer for ${whose}`);
  if (error !== undefined) throw new DeployFault(`The endpoint could not embed ${whose}: ${saying(error)}`);
  if (typeof text !== 'string' || !/^[A-Za-z0-9+/]+=*$/.test(text)) throw odd(`${whose} has no vector`);
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  if (bytes.byteLength !== dim * 4) throw odd(`${whose} has ${bytes.byteLength} bytes and not ${dim * 4}`);
  const view = new DataView(bytes.buffer);
  const values = Array.from({ length: dim }, (_, at) => view.getFloat32(at * 4, true));
  const length = Math.hypot(...values);
  if (!(Math.abs(length - 1) < 0.01)) throw odd(`the vector of ${whose} has length ${length} and not 1`);
  return values;
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DeployFault(`${what} is not a JSON object: is this hangtag's CLIP?`);
  return value as Record<string, unknown>;
}

function saying(error: unknown): string {
  const { code, message } = record(error, 'The error');
  return `${String(message)} (${String(code)})`;
}

function odd(what: string): DeployFault {
  return new DeployFault(`The endpoint answered, but ${what}.`);
}
