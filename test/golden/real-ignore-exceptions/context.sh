. "$(dirname "$0")/../real-context.sh"
printf '*\n!src\n!config/*.yml\nsrc/*.test.js\n**/secrets*\n!package*.json\n#!README.md\n\n  public  \n!/docker/nginx\n/docker/nginx/nginx.conf\n' >.dockerignore
