# The operator, the CLI and the entry page in one image. Node's tag is exact; its digest was not read by us yet.
FROM docker.io/library/node:24.21.0-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY tools/node ./tools/node
RUN npm ci --omit=dev
COPY src ./src
COPY LICENSE ./
RUN chmod 755 src/main.ts
# What Node makes of the sources, so that the operator and the entry page start in two thirds of the time. It is good for this
# version of Node, a processor of this kind, and a user, after whom Node names the folder; others compile for themselves. Node keeps
# what it compiles with the operator's options for its heap (charts, deployment.yaml) in a folder of its own.
RUN for flags in "--heap-growing-percent=100 --no-separate-gc-phases" ""; do NODE_COMPILE_CACHE="$PWD/compiled" node $flags --input-type=module -e 'for (const name of ["main", "cli/operator", "cli/entry", "cli/probe"]) await import(`./src/${name}.ts`)' >/dev/null || exit 1; done
RUN for made in compiled/*; do mv "$made" "${made%-*}-65532"; done && chmod -R a+rX compiled

FROM docker.io/library/node:24.21.0-trixie-slim
COPY --from=build /app /app
RUN ln -s /app/src/main.ts /usr/local/bin/telehealth
WORKDIR /app
USER 65532:65532
ENV NODE_COMPILE_CACHE=/app/compiled
EXPOSE 8080
ENTRYPOINT ["node", "src/main.ts"]
CMD ["help"]
