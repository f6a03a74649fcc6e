"""A stand-in for where HR is told: a WeCom application, and the group robots of WeCom, DingTalk and Feishu."""
