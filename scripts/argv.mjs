// Writes a command line as one line: argv`zip -q -r ${file} ${sources}` gives ['zip', '-q', '-r', 'a b.zip', 'users.cfg', 'store'].

/**
 * Splits the text at its white space. A value is never split: it is one word, or a part of the word it touches
 * (`${repository}::full`). An array gives one word for each element.
 */
export function argv(texts, ...values) {
  let words = [''];

  texts.forEach((text, index) => {
    words = joined(words, text.split(/\s+/));

    if (index < values.length) words = joined(words, wordsOf(values[index]));
  });

  return words.filter((word) => word !== '');
}

/** Continues the last word with the first of `more`. */
function joined(words, [first, ...more]) {
  return [...words.slice(0, -1), words.at(-1) + first, ...more];
}

function wordsOf(value) {
  return Array.isArray(value) ? ['', ...value, ''] : [String(value)];
}
