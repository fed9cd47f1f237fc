"""What is measured apart from training, and how: step time, memory and gradient flow."""
