import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { loadEnv } from 'vite'
import { defineConfig } from 'vitest/config'

// For development only: where the gateway is that the dev server passes API calls to.
const gateway = loadEnv('', '.', 'VISAVIS_')['VISAVIS_GATEWAY'] ?? 'http://127.0.0.1:8080'

export default defineConfig({
  // Relative, so that the page works below any path of a proxy.
  base: './',
  plugins: [react(), tailwindcss()],
  server: { host: '127.0.0.1', port: 3000, proxy: { '/api': gateway } },
  test: {
    environment: 'jsdom',
    setupFiles: ['src/test/setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    // Generous: a busy machine must not fail a test that waits for nothing but the processor.
    testTimeout: 30_000,
    coverage: { include: ['src/**/*.{ts,tsx}'], exclude: ['src/main.tsx', 'src/test/**', 'src/generated/**'] },
  },
})
