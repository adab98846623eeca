// What is seen of vectors until somebody chooses: along which axes, coloured and named by which columns.

export const WAY = {
  kind: "pca",
  x: 0,
  y: 1,
  z: 2,
  size: 0,
  tsne: 30,
  umap: 15,
  colour: -1,
  label: 0,
  pictured: false,
  distance: "cosine",
  count: 20,
};
