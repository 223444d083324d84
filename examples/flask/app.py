import os
import platform

from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/")
def hello():
    return jsonify(message="Hello from a container built by Sampan", python=platform.python_version(), user=os.getuid())
