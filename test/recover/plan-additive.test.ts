import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ArchivedMail,
  countAdditive,
  type KnownMessage,
  type LiveFolder,
  planAdditive,
} from '../../src/recover/plan-additive.js';

const message = (number: number, content: string): KnownMessage => ({
  name: `${number.toString(16).padStart(8, '0')}.eml`,
  content,
});
const folder = (
  messages: KnownMessage[],
  files: string[] = ['status.fld', 'index.fld', 'search.fld'],
): LiveFolder => ({
  messages,
  names: messages.map(({ name }) => name),
  files,
});
const nothing = folder([], []);
const archive = (
  messages: readonly KnownMessage[],
  more: Partial<ArchivedMail> = {},
): ArchivedMail => ({ messages, files: [], reindexes: false, ...more });

describe('an additive plan', () => {
  it('adds, skips and renames as the worked example says', () => {
    const live = folder([message(1, 'A'), message(2, 'B')]);
    const plan = planAdditive(
      live,
      archive([message(1, 'C'), message(2, 'B'), message(5, 'D')]),
    );
    expect(plan.steps).toEqual([
      { kind: 'rename', name: '00000001.eml', as: '00000006.eml' },
      { kind: 'skip', name: '00000002.eml', sameAs: '00000002.eml' },
      { kind: 'add', name: '00000005.eml', as: '00000005.eml' },
    ]);
    expect(countAdditive(plan)).toEqual({ add: 1, rename: 1, skip: 1 });
  });

  it('keeps names that are no numbers, and gives a number above all others where one is taken', () => {
    const [hello, taken] = [
      { ...message(1, 'A'), name: 'Re Hello.eml' },
      { ...message(1, 'B'), name: 're hello.eml' },
    ];
    const live = folder([message(0xff, 'C'), taken]);
    expect(
      planAdditive(
        live,
        archive([hello, { ...hello, name: 'Other.eml', content: 'D' }]),
      ).steps,
    ).toEqual([
      { kind: 'rename', name: 'Re Hello.eml', as: '00000100.eml' },
      { kind: 'add', name: 'Other.eml', as: 'Other.eml' },
    ]);
  });

  it('skips a message that lies in the folder under another name', () => {
    expect(
      planAdditive(folder([message(9, 'A')]), archive([message(1, 'A')])).steps,
    ).toEqual([{ kind: 'skip', name: '00000001.eml', sameAs: '00000009.eml' }]);
  });

  it('brings status.fld where the folder has none, and never an index', () => {
    const files = [
      'status.fld',
      'acl.fld',
      'index.fld',
      'search.fld',
      'indexlog.fld',
    ];
    expect(
      planAdditive(
        nothing,
        archive([message(1, 'A')], { files, reindexes: true }),
      ),
    ).toMatchObject({
      addFiles: ['status.fld', 'acl.fld'],
      setAside: [],
    });
    expect(
      planAdditive(folder([]), archive([message(1, 'A')], { files })).addFiles,
    ).toEqual(['acl.fld']);
  });

  it('leaves the live index, and sets it aside where that is asked for and something was added', () => {
    const live = folder([message(1, 'A')]);
    const setAside = (mail: KnownMessage, reindexes: boolean) =>
      planAdditive(live, archive([mail], { reindexes })).setAside;

    expect(setAside(message(2, 'B'), false)).toEqual([]);
    expect(setAside(message(2, 'B'), true)).toEqual([
      'index.fld',
      'search.fld',
    ]);
    expect(setAside(message(1, 'A'), true)).toEqual([]);
  });

  it('takes a low free name when the numbers end at the top', () => {
    const top = { ...message(0, 'A'), name: 'ffffffff.eml' };
    const live = folder([top, message(1, 'B')]);
    expect(planAdditive(live, archive([message(1, 'C')])).steps[0]).toEqual({
      kind: 'rename',
      name: '00000001.eml',
      as: '00000002.eml',
    });
  });

  it('minds names that differ in case only and files that are no messages', () => {
    const live = { ...folder([]), names: ['0000000A.EML', '00000003.eml'] };
    const steps = planAdditive(
      live,
      archive([message(10, 'A'), message(3, 'B')]),
    ).steps;
    expect(steps.map((step) => (step.kind === 'skip' ? '' : step.as))).toEqual([
      '0000000b.eml',
      '0000000c.eml',
    ]);
  });
});

describe('any additive plan', () => {
  const messages = fc
    .uniqueArray(
      fc.record({
        number: fc.integer({ min: 0, max: 40 }),
        content: fc.integer({ min: 0, max: 15 }),
      }),
      {
        selector: ({ number }) => number,
        maxLength: 25,
      },
    )
    .map((list) =>
      list.map(({ number, content }) => message(number, String(content))),
    );

  const apply = (
    live: LiveFolder,
    archived: readonly KnownMessage[],
  ): LiveFolder => {
    const { steps } = planAdditive(live, archive(archived));
    const added = steps.flatMap((step, index) => {
      const source = archived[index];
      return step.kind === 'skip' || !source
        ? []
        : [{ ...source, name: step.as }];
    });
    return folder([...live.messages, ...added]);
  };

  it('overwrites nothing, loses nothing and uses no name twice', () => {
    fc.assert(
      fc.property(messages, messages, (live, archived) => {
        const after = apply(folder(live), archived);
        expect(after.messages.slice(0, live.length)).toEqual(live);
        expect(new Set(after.names).size).toBe(after.names.length);
        const contents = new Set(after.messages.map(({ content }) => content));
        for (const { content } of archived) {
          expect(contents.has(content)).toBe(true);
        }

        for (const name of after.names) {
          expect(name).toMatch(/^[0-9a-f]{8}\.eml$/);
        }
      }),
    );
  });

  it('adds nothing when it is applied again', () => {
    fc.assert(
      fc.property(messages, messages, (live, archived) => {
        const after = apply(folder(live), archived);
        expect(
          planAdditive(after, archive(archived)).steps.every(
            ({ kind }) => kind === 'skip',
          ),
        ).toBe(true);
      }),
    );
  });

  it("into an empty folder keeps the archive's names", () => {
    fc.assert(
      fc.property(messages, (archived) => {
        for (const step of planAdditive(nothing, archive(archived)).steps) {
          if (step.kind !== 'skip') {
            expect(step).toMatchObject({ kind: 'add', as: step.name });
          }
        }
      }),
    );
  });
});
