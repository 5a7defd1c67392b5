"""The papers that the models and the printed numbers come from, as they are cited."""

MVAE = (
    "Wu & Goodman (2018), Multimodal generative models for scalable weakly-supervised learning, "
    "NeurIPS 31"
)
MMVAE = (
    "Shi, Siddharth, Paige & Torr (2019), Variational mixture-of-experts autoencoders for "
    "multi-modal deep generative models, NeurIPS 32"
)
MOPOE = "Sutter, Daunhawer & Vogt (2021), Generalized multimodal ELBO, ICLR"
BARYCENTER = "Qiu et al. (2025), AAAI 39(19), 20060-20068, doi 10.1609/aaai.v39i19.34209"
MMJSD = (
    "Sutter, Daunhawer & Vogt (2020), Multimodal generative learning utilizing Jensen-Shannon "
    "divergence, NeurIPS 33"
)
MVTCAE = (
    "Hwang, Kim, Hong & Kim (2021), Multi-view representation learning via total correlation "
    "objective, NeurIPS 34, 12194-12207"
)
JMVAE = (
    "Suzuki, Nakayama & Matsuo (2017), Joint multimodal learning with deep generative models, ICLR"
)
NEXUS = (
    "Vasco, Yin, Melo & Paiva (2022), Leveraging hierarchy in multimodal generative models for "
    "effective cross-modality inference, Neural Networks 146, 238-255"
)
MAC_WAE = (
    "Tokar & Sanner (2026), Efficient modality translation via arbitrary conditioning and "
    "Wasserstein regularization, AAAI"
)
MMVAMP = (
    "Sutter, Meng, Fortin, Vogt, Shahbaba & Mandt (2024), preprint of Unity by diversity: improved "
    "representation learning for multimodal VAEs, NeurIPS 37, 74262-74297"
)
HOSOYA = (
    "Hosoya (2018), A simple probabilistic deep generative model for learning generalizable "
    "disentangled representations from grouped data, arXiv 1809"
)
MMVAE_PLUS = (
    "Palumbo, Daunhawer & Vogt (2023), MMVAE+: enhancing the generative quality of multimodal VAEs "
    "without compromises, ICLR"
)
CMVAE = (
    "Palumbo, Manduchi, Laguna, Chopard & Vogt (2024), Deep generative clustering with multimodal "
    "diffusion variational autoencoders, ICLR"
)
HELVAE = "Vo & Valera (2026), Hellinger multimodal variational autoencoders, arXiv 2601.06572"
HOELDER = (
    "Vo, Martinez-Garcia & Valera (2026), Hoelder++: improving the quality-coherence trade-off in "
    "multimodal VAEs, ICML, arXiv 2606.13381"
)
CODE_VAE = (
    "Mancisidor, Jenssen, Yu & Kampffmeyer (2025), Aggregation of dependent expert distributions "
    "in multimodal variational autoencoders, ICML, arXiv 2505.01134"
)
MULTIVI = (
    "Ashuach et al. (2023), MultiVI, Nature Methods 20, 1222-1231, as scvi-tools has it "
    "(mix_modalities in _multivae.py)"
)
MULTIVAE = "README of the MultiVae library (Senellart et al.)"
