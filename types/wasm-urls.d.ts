/** Address under which a built page finds the file: a suffix that Vite knows. */
declare module "*.wasm?url" {
  const url: string;
  export default url;
}
