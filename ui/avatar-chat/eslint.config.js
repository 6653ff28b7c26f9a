import js from '@eslint/js'
import reactHooks from 'eslint-plugin-react-hooks'
import globals from 'globals'
import tseslint from 'typescript-eslint'

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'node_modules'] },
  js.configs.recommended,
  {
    files: ['src/**/*.{ts,tsx}'],
    extends: [...tseslint.configs.strictTypeChecked, reactHooks.configs.flat.recommended],
    languageOptions: { globals: globals.browser, parserOptions: { projectService: true } },
    rules: {
      'max-lines': ['error', 400],
      'max-len': ['error', { code: 120, ignoreUrls: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  { files: ['src/generated/**'], rules: { 'max-lines': 'off', 'max-len': 'off' } },
  { files: ['vite.config.ts'], extends: [...tseslint.configs.recommended], languageOptions: { globals: globals.node } },
  {
    // Services are plain TypeScript: they know nothing of React.
    files: ['src/services/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: ['react', 'react-dom', '../components/*', '../hooks/*'] }] },
  },
)
