import tseslint from 'typescript-eslint';

const clockMessage = 'Take a Clock from platform/clock.ts.';

export default tseslint.config(
  {
    ignores: [
      'dist',
      'build',
      'coverage',
      'node_modules',
      'vitest.config.ts',
      '*.config.js',
      '.dependency-cruiser.cjs',
      '.bench',
      'assembly',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { project: './tsconfig.test.json' } },
    rules: {
      complexity: ['error', 10],
      'max-lines': [
        'error',
        { max: 250, skipBlankLines: true, skipComments: true },
      ],
      'max-lines-per-function': [
        'error',
        { max: 40, skipBlankLines: true, skipComments: true },
      ],
      'max-params': ['error', 4],
      'no-nested-ternary': 'error',
      curly: ['error', 'multi-line', 'consistent'],
      'padding-line-between-statements': [
        'error',
        { blankLine: 'always', prev: 'multiline-block-like', next: '*' },
        { blankLine: 'always', prev: '*', next: 'function' },
      ],
      'no-empty': ['error', { allowEmptyCatch: false }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true },
      ],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'exit',
          message: 'Set process.exitCode.',
        },
      ],
    },
  },
  {
    files: ['src/**'],
    ignores: ['src/platform/clock.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: clockMessage,
        },
        {
          selector:
            "CallExpression[callee.object.name='Date'][callee.property.name='now']",
          message: clockMessage,
        },
        {
          selector:
            "CallExpression[callee.name=/^rm(Sync)?$/] Property[key.name='recursive']",
          message:
            'removeTree of platform/remove-tree.ts is the one way to remove a tree, on every Node.',
        },
      ],
    },
  },
  {
    // Compression stands behind the codec; only an export packs for other tools.
    files: ['src/**'],
    ignores: ['src/archive/zip/{zlib,wasm}/**', 'src/export/pack-archive.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'node:zlib',
              allowImportNames: ['crc32'],
              message: 'Ask the codec of archive/zip/codec.ts.',
            },
          ],
        },
      ],
    },
  },
  {
    // Without types: they are no part of a TypeScript project.
    files: ['scripts/**', 'bin/**', 'test/**/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: { parserOptions: { project: false } },
  },
  {
    files: ['test/**'],
    rules: {
      'max-lines-per-function': 'off',
      'max-lines': 'off',
      complexity: ['error', 14],
    },
  },
);
