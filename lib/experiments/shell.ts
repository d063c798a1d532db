/** A word as a POSIX shell reads it back: quoted where it has to be. */
export const quoted = (word: string) => (/^[\w.,:=+/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
