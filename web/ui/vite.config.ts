/// <reference types="vitest/config" />
import { env } from "node:process";
import { defineConfig } from "vite";

/** The build goes to dist/: index.html, and everything else under assets/ with its content hash in its name. */
export default defineConfig({
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    // vega is one large chunk on purpose: it is only fetched when a chart comes into view.
    chunkSizeWarningLimit: 1200,
  },
  server: {
    proxy: { "/api": { target: env.BROADSHEET_EDGE ?? "http://127.0.0.1:8400", changeOrigin: false } },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node", env: { TZ: "America/New_York" } },
});
