"""WeCom (企业微信), where HR is told and answers: the app and the group robot."""
