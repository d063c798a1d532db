export { Stream, type Target } from "./stream.js";
