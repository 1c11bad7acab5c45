// The MIME libraries that scripts/bench/mime.mjs compares, each as a function from a message's bytes to subject and text.
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const HOME = fileURLToPath(
  new URL('../../.bench/mime/', import.meta.url),
);

export const LIBRARIES = {
  'postal-mime': async () => {
    const { default: PostalMime } = await load(
      'postal-mime',
      'dist/esm/postal-mime.js',
    );

    return async (raw) => {
      const mail = await PostalMime.parse(raw);
      return {
        subject: mail.subject,
        text: `${mail.text ?? ''} ${strip(mail.html ?? '')}`,
      };
    };
  },
  mailparser: async () => {
    const { simpleParser } = createRequire(`${HOME}package.json`)('mailparser');
    return async (raw) => {
      const mail = await simpleParser(raw, {
        skipTextToHtml: true,
        skipImageLinks: true,
      });

      const inner = await Promise.all(
        mail.attachments
          .filter(({ contentType }) => contentType === 'message/rfc822')
          .map(({ content }) => simpleParser(content)),
      );

      return {
        subject: mail.subject,
        text: [mail.text, ...inner.map(({ text }) => text)].join(' '),
      };
    };
  },
};
/** The same work as the search does it: headers alone, and the library without the attachments' bytes. */
export const AS_BUILT = {
  'our headers': async () => {
    const { readMessageHeaders } =
      await import('../../dist/mail/message-headers.js');
    return (raw) => readMessageHeaders(raw);
  },
  'our text': async () => {
    const { readBodyText } = await import('../../dist/mail/mime-text.js');
    return async (raw) => ({ subject: '', text: await readBodyText(raw) });
  },
};

function strip(html) {
  return html.replace(/<[^>]*>/g, ' ').replace(/&uuml;/g, 'ü');
}

function load(name, file) {
  return import(pathToFileURL(`${HOME}node_modules/${name}/${file}`).href);
}
