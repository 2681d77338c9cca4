// The engine on its own: build a graph, differentiate it as often as needed, compile it, run it.
export { type Backend, BackendError, MissingKernelError, type Session } from "./backends/backend.js";
export { type CompileOptions, compile, emit, type Program } from "./compile.js";
export { grad, MissingGradientError } from "./gradient.js";
export { createGraph, type Graph, GraphError, type Node } from "./graph.js";
export * from "./ops/convolution.js";
export * from "./ops/elementwise.js";
export * from "./ops/ghost.js";
export * from "./ops/layout.js";
export * from "./ops/matmul.js";
export * from "./ops/normalisation.js";
export * from "./ops/parts.js";
export * from "./ops/reduce.js";
export * from "./ops/softmax.js";
export { squareWindow, type Window, type WindowOptions } from "./ops/window.js";
