/** Sentences of at least this many words count: a label alone is no prose, and would flatter the figures. */
const SHORTEST = 4;

interface Prose {
  readonly sentences: number;
  readonly words: readonly string[];
}

function proseOf(blocks: readonly string[]): Prose {
  const sentences = blocks
    .flatMap((block) => block.split(/(?<=[.?!:])\s+/))
    .map((sentence) => sentence.match(/\p{L}+(?:[’'-]\p{L}+)*/gu) ?? [])
    .filter((words) => words.length >= SHORTEST);
  return { sentences: sentences.length, words: sentences.flat() };
}

const share = (words: readonly string[], has: (word: string) => boolean) =>
  (100 * words.filter((word) => has(word)).length) / words.length;

/** Groups of vowels, without a final silent e. */
function englishSyllables(word: string): number {
  const plain = word
    .toLowerCase()
    .replace(/(?:[^laeiouy]es|[^td]ed|[^l]e|[aeiouy]le)$/, (end) =>
      /[aeiouy]le$/.test(end) ? end.slice(0, -1) : end.slice(0, 1),
    );
  return Math.max(1, plain.match(/[aeiouy]+/g)?.length ?? 1);
}

/** Groups of vowels; German says every one of them, and diphthongs are one. */
function germanSyllables(word: string): number {
  return Math.max(1, word.toLowerCase().match(/ie|ei|ai|au|äu|eu|aa|ee|oo|[aeiouäöüy]/g)?.length ?? 1);
}

/** Kincaid et al. 1975: the school grade that a text needs. */
export function fleschKincaidGrade(blocks: readonly string[]): number {
  const { sentences, words } = proseOf(blocks);
  const syllables = words.reduce((sum, word) => sum + englishSyllables(word), 0);
  return 0.39 * (words.length / sentences) + 11.8 * (syllables / words.length) - 15.59;
}

/** Bamberger and Vanecek 1984, the first of the Vienna formulas: the school grade that a text needs. */
export function wienerSachtextformel(blocks: readonly string[]): number {
  const { sentences, words } = proseOf(blocks);
  const long = share(words, (word) => germanSyllables(word) >= 3);
  const wide = share(words, (word) => word.length > 6);
  const short = share(words, (word) => germanSyllables(word) === 1);
  return 0.1935 * long + 0.1672 * (words.length / sentences) + 0.1297 * wide - 0.0327 * short - 0.875;
}
