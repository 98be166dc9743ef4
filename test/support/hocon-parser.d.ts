declare module "@pushcorn/hocon-parser" {
  export default function parse(options: { readonly text: string; readonly strict: boolean }): Promise<unknown>;
}
