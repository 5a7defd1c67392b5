# docker build -t barycenter-explorer . && docker run -p 8501:8501 barycenter-explorer
# For a network, name the hosts that visitors type, separated by spaces:
# docker run -p 80:8501 -e STREAMLIT_SERVER_ALLOWED_HOSTS="explorer.example.org" barycenter-explorer
FROM python:3.11-slim
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1 \
    EXPLORER_DATA=/data EXPLORER_RUNS=/data/runs \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 STREAMLIT_SERVER_PORT=8501 STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_SERVER_ALLOWED_HOSTS="localhost 127.0.0.1"
WORKDIR /app
COPY pyproject.toml constraints.txt ./
COPY explorer/__init__.py explorer/
# On Linux pip takes torch for CUDA, several gigabytes. For a smaller image give the address of
# PyTorch's wheels for the CPU: docker build --build-arg PIP_EXTRA_INDEX_URL=...
ARG PIP_EXTRA_INDEX_URL
RUN pip install -c constraints.txt -e .
COPY . .
RUN useradd --create-home explorer && mkdir /data && chown explorer /data
USER explorer
VOLUME /data
EXPOSE 8501
HEALTHCHECK CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health')"
CMD ["streamlit", "run", "app.py"]
