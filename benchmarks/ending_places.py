"""Places in a user's code from which a run can end, as code that `endings` carries out as that of the main module."""

from __future__ import annotations

PLACES = {
    "module": "w = begin(0); work(w, 0); end()",
    "function": "def main():\n    w = begin(0); work(w, 0); end()\nmain()",
    "function, returned": "def main():\n    w = begin(0); work(w, 0)\nmain(); gone(); end()",
    "loop": "for k in range(4):\n    w = begin(k); work(w, k)\nend()",
    "method": (
        "class Trainer:\n    def __init__(self): self.w = begin(0)\n"
        "    def fit(self): work(self.w, 0); end()\nTrainer().fit()"
    ),
    "closure": "def make():\n    w = begin(0)\n    return lambda: (work(w, 0), end())\nmake()()",
    "generator": (
        "def steps():\n    w = begin(0)\n    for i in range(1000):\n        work(w, i, 1); yield i\n"
        "for i in itertools.islice(steps(), 100): pass\ngone(); end()"
    ),
    "reference cycle": (
        "class Node: pass\nnode = Node(); node.me = node; node.w = begin(0); work(node.w, 0); del node\nend()"
    ),
    "exception": (
        "def main():\n    w = begin(0); work(w, 0); raise ValueError('caught')\n"
        "try: main()\nexcept ValueError: pass\ngone(); end()"
    ),
    "del": "w = begin(0); work(w, 0); del w; gone(); end()",
    "thread": (
        "def main():\n    w = begin(0); work(w, 0)\nt = threading.Thread(target=main); t.start(); t.join(); gone(); end()"
    ),
    "atexit of another": "w = begin(0); work(w, 0); LATE.append(lambda: work(w, 1)); end()",
    "pytest": (
        "import pytest\nfile = folder / 'test_it.py'\n"
        "file.write_text('from __main__ import *\\ndef test_it():\\n    w = begin(0); work(w, 0); end()\\n')\n"
        "pytest.main(['-q', '-p', 'no:cacheprovider', '-p', 'no:faulthandler', str(file)])"
    ),
    "notebook cell run again": (
        "cell = compile('w = begin(next(number)); work(w, next(block))', 'cell', 'exec')\n"
        "number, block = itertools.count(), itertools.count()\nexec(cell); exec(cell); end()"
    ),
}

FRAMEWORKS = {
    "keras": (
        "import os; os.environ['KERAS_BACKEND'] = 'torch'\nimport keras, numpy as np\n"
        "from tracker.integrations.keras import TrackerCallback\n"
        "model = keras.Sequential([keras.layers.Dense(1)]); model.compile('sgd', 'mse')\n"
        "x = np.ones((8, 2), 'float32')\n"
        "model.fit(x, x[:, :1], epochs=3, verbose=0, callbacks=[TrackerCallback(logdir, name)])"
    ),
    "lightning": (
        "import lightning as L, torch\nfrom tracker.integrations.lightning import TrackerLogger\n"
        "class Net(L.LightningModule):\n"
        "    def __init__(self): super().__init__(); self.layer = torch.nn.Linear(2, 1)\n"
        "    def training_step(self, batch, i):\n"
        "        loss = self.layer(batch).mean(); self.log('loss', loss); return loss\n"
        "    def test_step(self, batch, i): self.log('test_loss', self.layer(batch).mean())\n"
        "    def configure_optimizers(self): return torch.optim.SGD(self.parameters(), 0.1)\n"
        "data = torch.utils.data.DataLoader(torch.ones(8, 2))\n"
        "trainer = L.Trainer(max_epochs=1, logger=TrackerLogger(logdir, name), accelerator='cpu', log_every_n_steps=1,\n"
        "    enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)\n"
        "net = Net(); trainer.fit(net, data); trainer.test(net, data, verbose=False)"
    ),
    "transformers": (
        "import torch, transformers\nfrom tracker.integrations.transformers import TrackerCallback\n"
        "config = transformers.BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1,\n"
        "    intermediate_size=8)\n"
        "net = transformers.BertForSequenceClassification(config)\n"
        "data = [{'input_ids': torch.tensor([1, 2]), 'labels': torch.tensor(0)}] * 8\n"
        "args = transformers.TrainingArguments(str(folder / 'out'), report_to=[], logging_steps=1, num_train_epochs=1,\n"
        "    use_cpu=True, save_strategy='no', disable_tqdm=True)\n"
        "trainer = transformers.Trainer(net, args, train_dataset=data, eval_dataset=data,\n"
        "    callbacks=[TrackerCallback(logdir, name)])\n"
        "trainer.train(); trainer.evaluate()"
    ),
    "sklearn": (
        "import numpy as np, tracker\nfrom sklearn.neural_network import MLPRegressor\n"
        "from tracker.integrations.sklearn import log_estimator\n"
        "x = np.ones((20, 2)); model = MLPRegressor(max_iter=20).fit(x, x[:, 0])\n"
        "run = tracker.init(logdir, name); log_estimator(run, model)"
    ),
    "xgboost": (
        "import numpy as np, xgboost\nfrom tracker.integrations.xgboost import TrackerCallback\n"
        "x = np.random.rand(20, 2); data = xgboost.DMatrix(x, x[:, 0])\n"
        "xgboost.train({}, data, 20, evals=[(data, 'train')], verbose_eval=False,\n"
        "    callbacks=[TrackerCallback(logdir, name)])"
    ),
    "jax": (
        "import jax, jax.numpy as jnp, tracker\nfrom tracker.integrations.jax import histograms\n"
        "run = tracker.init(logdir, name)\n"
        "for i in range(20): run.log({'loss': jnp.ones(()) * i, **histograms({'w': jnp.ones(3)}, 'g')}, step=i)"
    ),
}
