# syntax=docker/dockerfile:1
# Two stages: one that builds, one that runs and has nothing else. docs/docker.md says what was tried and how.

FROM node:20-bookworm-slim AS build
WORKDIR /build
# Packages first: they change less often than the source, so this layer is kept.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
# dist imports nothing of devDependencies, so they go; and onnxruntime-node brings the libraries of every platform.
RUN npm run build \
 && npm prune --omit=dev --no-audit --no-fund \
 && find node_modules/onnxruntime-node/bin -mindepth 3 -maxdepth 3 -type d \
      ! -path "*/$(node -p 'process.platform + "/" + process.arch')" -exec rm -rf {} + \
 && find node_modules/onnxruntime-node/bin -type d -empty -delete

FROM node:20-bookworm-slim
LABEL org.opencontainers.image.title="hangtag" \
      org.opencontainers.image.description="Product photos in, structured, searchable attributes out." \
      org.opencontainers.image.licenses="Apache-2.0"
# MALLOC_ARENA_MAX: decoding on several threads fragments glibc's heap, and the memory never comes back.
# ORT_DISABLE_TELEMETRY: onnxruntime 1.30 can report its use to its maker unless told not to.
# HOST: every address of the container, which hangtag accepts only with API_KEYS set; without them it stops at once and
# says so. It never listens openly.
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=2 \
    ORT_DISABLE_TELEMETRY=1 \
    HOST=0.0.0.0 \
    PORT=3000 \
    DATA_DIR=/data
WORKDIR /app
COPY package.json LICENSE ./
COPY taxonomy taxonomy
COPY calibration calibration
COPY models models
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
# Everything above belongs to root and is only read; /data alone is written.
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
# Creating the embedded database takes some seconds on the first start.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]
