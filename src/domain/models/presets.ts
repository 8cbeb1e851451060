/**
 * Models that `model pull` knows: where their public ONNX exports lie, under which licence, and where the trained scale
 * of their scores is found. Facts with their sources, and no hash: what the hub gives is recorded at the first pull.
 */

export interface ModelPreset {
  readonly id: string;
  readonly family: 'clip' | 'siglip';
  readonly title: string;
  /** At the hub; `revision` until a pull has recorded the commit that it stood for. */
  readonly repository: string;
  readonly revision: string;
  readonly license: string;
  /** Whether the licence and the model's card allow use in a business. Where not, a pull wants it acknowledged. */
  readonly commercialUse: boolean;
  /** What restricts it, in a sentence; null where nothing does. */
  readonly restriction: string | null;
  /** Where licence and facts were read. */
  readonly sources: readonly string[];
  /** A number that all such checkpoints share, or the checkpoint whose `logit_scale` is read over the network. */
  readonly scale: number | { readonly repository: string; readonly file: string };
}

export const modelPresets: readonly ModelPreset[] = [
  {
    id: 'marqo-fashion-siglip',
    family: 'siglip',
    title: 'Marqo-FashionSigLIP, ViT-B/16: trained on fashion; the best start for clothes',
    repository: 'Marqo/marqo-fashionSigLIP',
    revision: 'main',
    license: 'Apache-2.0',
    commercialUse: true,
    restriction: null,
    sources: [
      'https://huggingface.co/Marqo/marqo-fashionSigLIP',
      'https://www.marqo.ai/blog/search-model-for-fashion',
    ],
    scale: { repository: 'Marqo/marqo-fashionSigLIP', file: 'model.safetensors' },
  },
  {
    id: 'siglip-base-patch16-224',
    family: 'siglip',
    title: 'SigLIP, ViT-B/16 at 224 pixels: general retail, English',
    repository: 'Xenova/siglip-base-patch16-224',
    revision: 'main',
    license: 'Apache-2.0',
    commercialUse: true,
    restriction: null,
    sources: ['https://huggingface.co/google/siglip-base-patch16-224'],
    scale: { repository: 'google/siglip-base-patch16-224', file: 'model.safetensors' },
  },
  {
    id: 'siglip2-base-patch16-224',
    family: 'siglip',
    title: 'SigLIP 2, ViT-B/16 at 224 pixels: general retail, many languages',
    repository: 'onnx-community/siglip2-base-patch16-224-ONNX',
    revision: 'main',
    license: 'Apache-2.0',
    commercialUse: true,
    restriction: null,
    sources: ['https://huggingface.co/google/siglip2-base-patch16-224'],
    scale: { repository: 'google/siglip2-base-patch16-224', file: 'model.safetensors' },
  },
  {
    id: 'clip-vit-base-patch32',
    family: 'clip',
    title: 'CLIP of OpenAI, ViT-B/32: small and fast, for comparison',
    repository: 'Xenova/clip-vit-base-patch32',
    revision: 'main',
    license: 'MIT (code); the weights have no licence of their own',
    commercialUse: false,
    restriction: 'The model card of OpenAI says that any deployed use of the model is out of scope.',
    sources: ['https://github.com/openai/CLIP/blob/main/model-card.md'],
    // CLIP clips its learned scale at 100 while it trains.
    scale: 100,
  },
];

/** Beside the two graphs, whose names depend on the variant. */
export const presetFiles = [
  'config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
] as const;

/** Endings of the graphs' names. */
export const presetVariants = { fp32: '', fp16: '_fp16', quantized: '_quantized' } as const;
export type PresetVariant = keyof typeof presetVariants;
