import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { admit, afterInput, noInputs, type TagInput } from '../../../src/domain/tagging/input-order.ts';

const ids = ['color', 'pattern', 'neckline'];

/** Who decided each attribute, and whose pictures stand, after the inputs were written in the order given. */
function written(inputs: readonly TagInput[]) {
  let order = noInputs;
  const owner: Record<string, number> = {};
  let pictures = 0;
  for (const input of inputs) {
    const admitted = admit(order, input);
    if (!admitted) continue;
    const mine = (input.attributes ?? ids).filter((id) => !admitted.keep.includes(id));
    for (const id of mine) owner[id] = input.sequence;
    if (admitted.newest) pictures = input.sequence;
    order = afterInput(order, input);
  }
  return { owner, pictures };
}

const someInputs = fc
  .array(fc.option(fc.subarray(ids, { minLength: 1 }), { freq: 2 }), { minLength: 1, maxLength: 8 })
  .map((list) => list.map((attributes, index): TagInput => ({ sequence: index + 1, attributes })));

describe('the order of inputs', () => {
  test('whatever order they finish in, what stands is what their order of acceptance gives', () => {
    const shuffled = someInputs.chain((inputs) =>
      fc.tuple(
        fc.constant(inputs),
        fc.shuffledSubarray(inputs, { minLength: inputs.length, maxLength: inputs.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([inputs, finished]) => {
        expect(written(finished)).toEqual(written(inputs));
      }),
      { numRuns: 500 },
    );
  });

  test('an input that is written again, after a crash, is written as before', () => {
    fc.assert(
      fc.property(someInputs, fc.nat(), (inputs, which) => {
        const again = inputs[which % inputs.length]!;
        expect(written([...inputs, again])).toEqual(written(inputs));
      }),
    );
  });

  test('an older input for everything leaves alone what a newer one decided', () => {
    const order = afterInput(noInputs, { sequence: 6, attributes: ['color'] });
    expect(admit(order, { sequence: 5, attributes: null })).toEqual({ newest: false, keep: ['color'] });
    expect(admit(order, { sequence: 5, attributes: ['color'] })).toBeNull();
    expect(admit(order, { sequence: 5, attributes: ['color', 'fit'] })).toEqual({
      newest: false,
      keep: ['color'],
    });
  });

  test('a newer input for everything ends all older ones', () => {
    const order = afterInput(noInputs, { sequence: 6, attributes: null });
    expect(admit(order, { sequence: 5, attributes: null })).toBeNull();
    expect(admit(order, { sequence: 5, attributes: ['color'] })).toBeNull();
    expect(admit(order, { sequence: 7, attributes: null })).toEqual({ newest: true, keep: [] });
  });
});
